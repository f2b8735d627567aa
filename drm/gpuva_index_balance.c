// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The nodes of the index: split when full, merged when sparse.
 *
 * Nodes come from the reserve. All that a split takes is taken before anything
 * is changed, so that for want of a node nothing is half done.
 */
#include <linux/errno.h>

#include "gpuva_index_ahead.h"
#include "gpuva_index_node.h"

/* Nodes that a split has taken, linked by their first word. */
struct spare_nodes {
	void *first;
};

static void *take_spare(struct spare_nodes *spare)
{
	void *node = spare->first;

	spare->first = *(void **)node;
	return node;
}

static int take_spares(struct gpuva_index *index, struct spare_nodes *spare,
		       unsigned int count)
{
	spare->first = NULL;

	while (count--) {
		void **node = gpuva_reserve_take(&index->reserve);

		if (!node)
			goto err_give_back;
		*node = spare->first;
		spare->first = node;
	}

	return 0;

err_give_back:
	while (spare->first)
		gpuva_reserve_give(&index->reserve, take_spare(spare));
	return -ENOSPC;
}

/* A node of the tree, which nobody may come to any more. */
static void give_back(struct gpuva_index *index, void *node)
{
	gpuva_ahead_forget(index, node);
	gpuva_reserve_give(&index->reserve, node);
}

/* What is behind the first @count slots is free. */
static void leaf_set_count(struct gpuva_leaf *leaf, unsigned int count)
{
	unsigned int i;

	leaf->count = count;
	leaf->live = BIT(count) - 1;
	for (i = count; i < LEAF_SLOTS; i++) {
		leaf->last[i] = U64_MAX;
		leaf->va[i] = NULL;
	}
}

/*
 * Mappings go to another leaf, from slots that all have one. They are told: they
 * are rarely in a cache, but nobody waits for these stores.
 */
static void leaf_move_to(struct gpuva_leaf *to, unsigned int to_slot,
			 const struct gpuva_leaf *from, unsigned int from_slot,
			 unsigned int count)
{
	unsigned int i;

	gpuva_leaf_move(to, to_slot, from, from_slot, count);
	for (i = 0; i < count; i++)
		gpuva_leaf_link(to->va[to_slot + i], to, to_slot + i);
}

/* Make the mappings of a leaf fill its first slots. */
static void leaf_pack(struct gpuva_leaf *leaf)
{
	unsigned int to = 0;
	u32 live;

	/* They do already; a full leaf always. */
	if (leaf->live == BIT(leaf->count) - 1)
		return;

	for (live = leaf->live; live; live &= live - 1) {
		const unsigned int from = __ffs(live);

		gpuva_leaf_copy_slot(leaf, to++, from);
	}

	leaf_set_count(leaf, to);
}

/* The way from the root to the leaf of a key; no node if that is the root. */
static void find_path(const struct gpuva_index *index, u64 key,
		      struct gpuva_path *path)
{
	unsigned int level = index->height;
	void *node = index->root;

	path->inner[0] = NULL;
	path->slot[0] = 0;
	while (level--) {
		struct gpuva_inner *inner = node;

		path->inner[level] = inner;
		path->slot[level] = gpuva_inner_search(inner, key);
		node = inner->child[path->slot[level]];
	}
}

/* Put a node behind the child in a slot; @top is now that child's highest key. */
static void inner_add(struct gpuva_inner *inner, unsigned int slot, u64 top,
		      void *child)
{
	const unsigned int behind = inner->count - 1 - slot;

	memmove(&inner->top[slot + 1], &inner->top[slot],
		behind * sizeof(inner->top[0]));
	memmove(&inner->child[slot + 2], &inner->child[slot + 1],
		behind * sizeof(inner->child[0]));
	inner->top[slot] = top;
	inner->child[slot + 1] = child;
	inner->count++;
}

/* Take out the node behind the child in a slot, which gets its keys. */
static void inner_del_behind(struct gpuva_inner *inner, unsigned int slot)
{
	const unsigned int behind = inner->count - 2 - slot;

	memmove(&inner->top[slot], &inner->top[slot + 1],
		behind * sizeof(inner->top[0]));
	memmove(&inner->child[slot + 1], &inner->child[slot + 2],
		behind * sizeof(inner->child[0]));
	inner->count--;
	inner->top[inner->count - 1] = U64_MAX;
}

static void inner_set_count(struct gpuva_inner *inner, unsigned int count)
{
	unsigned int i;

	inner->count = count;
	for (i = count - 1; i < INNER_KEYS; i++)
		inner->top[i] = U64_MAX;
}

/* Move the children from a slot on into a new node. Returns the left one's top. */
static u64 inner_split(struct gpuva_inner *left, struct gpuva_inner *right,
		       unsigned int at)
{
	const unsigned int moved = left->count - at;
	const u64 top = left->top[at - 1];

	memcpy(right->top, &left->top[at], (moved - 1) * sizeof(right->top[0]));
	memcpy(right->child, &left->child[at], moved * sizeof(right->child[0]));
	inner_set_count(right, moved);
	inner_set_count(left, at);
	return top;
}

static void grow_root(struct gpuva_index *index, u64 top, void *right,
		      struct spare_nodes *spare)
{
	struct gpuva_inner *root = take_spare(spare);

	root->child[0] = index->root;
	root->child[1] = right;
	inner_set_count(root, 2);
	root->top[0] = top;
	index->root = root;
	index->height++;
}

/*
 * Put a node behind the one that the path leads to, which keeps keys up to @top.
 * Full nodes on the way up are split.
 */
static void link_behind(struct gpuva_index *index, struct gpuva_path *path,
			u64 top, void *node, struct spare_nodes *spare)
{
	unsigned int level;

	for (level = 0; level < index->height; level++) {
		struct gpuva_inner *inner = path->inner[level], *right;
		unsigned int slot = path->slot[level], at;
		u64 split_top;

		if (inner->count < INNER_SLOTS) {
			inner_add(inner, slot, top, node);
			return;
		}

		/* At an edge, because what comes next comes there, too. */
		at = INNER_SLOTS / 2;
		if (slot == INNER_SLOTS - 1)
			at = slot;
		else if (!slot)
			at = 2;

		right = take_spare(spare);
		split_top = inner_split(inner, right, at);
		if (slot < at)
			inner_add(inner, slot, top, node);
		else
			inner_add(right, slot - at, top, node);

		top = split_top;
		node = right;
	}

	grow_root(index, top, node, spare);
}

/* How many nodes it takes to split the leaf that a path leads to. */
static unsigned int split_needs(const struct gpuva_index *index,
				const struct gpuva_path *path)
{
	unsigned int level = 0;

	while (level < index->height &&
	       path->inner[level]->count == INNER_SLOTS)
		level++;

	/* One for the leaf, one for each full node, one for a new root. */
	return 1 + level + (level == index->height);
}

static int leaf_split(struct gpuva_index *index, struct gpuva_path *path,
		      struct gpuva_leaf *leaf, unsigned int at)
{
	const unsigned int moved = LEAF_SLOTS - at;
	struct spare_nodes spare;
	struct gpuva_leaf *right;

	if (take_spares(index, &spare, split_needs(index, path)))
		return -ENOSPC;

	right = take_spare(&spare);
	leaf_move_to(right, 0, leaf, at, moved);
	leaf_set_count(right, moved);
	right->left_sparse = false;
	leaf_set_count(leaf, at);
	right->top = leaf->top;
	right->next = leaf->next;
	leaf->top = leaf->last[at - 1];
	right->low = leaf->top + 1;
	leaf->next = right;

	link_behind(index, path, leaf->top, right, &spare);
	WRITE_ONCE(index->leaves, index->leaves + 1);
	return 0;
}

/* The leaf before one has another behind it. */
static void set_next_before(struct gpuva_index *index, u64 low,
			    struct gpuva_leaf *leaf)
{
	if (low)
		gpuva_index_descend(index, low - 1)->next = leaf;
	else
		index->head = leaf;
}

/* A new leaf for keys below those of a leaf's mappings, which stay where they are. */
static int leaf_add_before(struct gpuva_index *index, struct gpuva_path *path,
			   struct gpuva_leaf *leaf)
{
	struct gpuva_inner *parent = path->inner[0];
	struct spare_nodes spare;
	struct gpuva_leaf *left;

	if (take_spares(index, &spare, split_needs(index, path)))
		return -ENOSPC;

	left = take_spare(&spare);
	leaf_set_count(left, 0);
	left->left_sparse = leaf->left_sparse;
	leaf->left_sparse = false;
	left->low = leaf->low;
	left->top = gpuva_leaf_addr(leaf, 0) - 1;
	left->next = leaf;
	set_next_before(index, left->low, left);
	leaf->low = left->top + 1;

	if (parent)
		parent->child[path->slot[0]] = left;
	else
		index->root = left;
	link_behind(index, path, left->top, leaf, &spare);
	WRITE_ONCE(index->leaves, index->leaves + 1);
	return 0;
}

/* The last @count mappings of a leaf become the first of the next. */
static void shift_up(struct gpuva_inner *parent, unsigned int slot,
		     unsigned int count)
{
	struct gpuva_leaf *left = parent->child[slot];
	struct gpuva_leaf *right = parent->child[slot + 1];
	const unsigned int stay = left->count - count;
	const unsigned int there = right->count;

	leaf_pack(left);
	leaf_pack(right);
	gpuva_leaf_move(right, count, right, 0, there);
	leaf_move_to(right, 0, left, stay, count);
	leaf_set_count(right, there + count);
	leaf_set_count(left, stay);

	left->top = left->last[stay - 1];
	right->low = left->top + 1;
	parent->top[slot] = left->top;
}

/* The first @count mappings of the next leaf become the last of this one. */
static void shift_down(struct gpuva_inner *parent, unsigned int slot,
		       unsigned int count)
{
	struct gpuva_leaf *left = parent->child[slot];
	struct gpuva_leaf *right = parent->child[slot + 1];
	const unsigned int there = left->count;
	const unsigned int stay = right->count - count;

	leaf_pack(left);
	leaf_pack(right);
	leaf_move_to(left, there, right, 0, count);
	gpuva_leaf_move(right, 0, right, count, stay);
	leaf_set_count(left, there + count);
	leaf_set_count(right, stay);

	left->top = left->last[left->count - 1];
	right->low = left->top + 1;
	parent->top[slot] = left->top;
}

/* Whether a leaf has so much room that to fill it puts off a split. */
static bool has_room(const struct gpuva_leaf *leaf)
{
	return leaf->count <= LEAF_MERGED;
}

static bool share(struct gpuva_inner *parent, unsigned int slot)
{
	const struct gpuva_leaf *other;

	if (slot + 1 < parent->count) {
		other = parent->child[slot + 1];
		if (has_room(other)) {
			shift_up(parent, slot, (LEAF_SLOTS - other->count) / 2);
			return true;
		}
	}

	if (slot) {
		other = parent->child[slot - 1];
		if (has_room(other)) {
			shift_down(parent, slot - 1,
				   (LEAF_SLOTS - other->count) / 2);
			return true;
		}
	}

	return false;
}

/**
 * gpuva_leaf_make_room() - make room for one more mapping
 * @index: the index
 * @leaf: the leaf that it belongs to, which is full
 * @slot: in front of which mapping; LEAF_SLOTS if behind all
 *
 * The mapping may belong to another leaf afterwards.
 *
 * Return: 0; -ENOSPC, with nothing changed, for want of a node.
 */
int gpuva_leaf_make_room(struct gpuva_index *index, struct gpuva_leaf *leaf,
			 unsigned int slot)
{
	struct gpuva_path path;

	find_path(index, leaf->top, &path);
	index->finger = 0;

	/*
	 * Mappings that come in order leave full leaves behind them: the new
	 * one gets a leaf of its own, which the next ones fill.
	 */
	if (slot == LEAF_SLOTS && !leaf->next)
		return leaf_split(index, &path, leaf, LEAF_SLOTS);

	if (path.inner[0] && share(path.inner[0], path.slot[0]))
		return 0;

	if (slot == LEAF_SLOTS)
		return leaf_split(index, &path, leaf, LEAF_SLOTS);
	if (!slot)
		return leaf_add_before(index, &path, leaf);

	return leaf_split(index, &path, leaf, LEAF_SLOTS / 2);
}

/**
 * gpuva_leaf_make_root() - give an index its first leaf
 * @index: the index, without a root
 *
 * Return: 0; -ENOSPC for want of a node.
 */
int gpuva_leaf_make_root(struct gpuva_index *index)
{
	struct gpuva_leaf *leaf = gpuva_reserve_take(&index->reserve);

	if (!leaf)
		return -ENOSPC;

	leaf_set_count(leaf, 0);
	leaf->left_sparse = false;
	leaf->low = 0;
	leaf->top = U64_MAX;
	leaf->next = NULL;
	index->root = leaf;
	index->head = leaf;
	WRITE_ONCE(index->leaves, 1);
	return 0;
}

/* Two nodes of one parent become one, whose keys end with @top. */
static void inner_join(struct gpuva_inner *left, struct gpuva_inner *right,
		       u64 top)
{
	const unsigned int there = left->count, more = right->count;

	left->top[there - 1] = top;
	memcpy(&left->top[there], right->top,
	       (more - 1) * sizeof(left->top[0]));
	memcpy(&left->child[there], right->child,
	       more * sizeof(left->child[0]));
	left->count = there + more;
}

/* As many children to the right as to the left. */
static u64 inner_share(struct gpuva_inner *left, struct gpuva_inner *right,
		       u64 top)
{
	const unsigned int total = left->count + right->count;
	const unsigned int keep = total / 2;
	unsigned int moved;

	if (left->count > keep) {
		moved = left->count - keep;
		memmove(&right->top[moved], right->top,
			(right->count - 1) * sizeof(right->top[0]));
		memmove(&right->child[moved], right->child,
			right->count * sizeof(right->child[0]));
		right->top[moved - 1] = top;
		memcpy(right->top, &left->top[keep],
		       (moved - 1) * sizeof(right->top[0]));
		memcpy(right->child, &left->child[keep],
		       moved * sizeof(right->child[0]));
		top = left->top[keep - 1];
	} else {
		moved = keep - left->count;
		left->top[left->count - 1] = top;
		memcpy(&left->top[left->count], right->top,
		       (moved - 1) * sizeof(left->top[0]));
		memcpy(&left->child[left->count], right->child,
		       moved * sizeof(left->child[0]));
		top = right->top[moved - 1];
		memmove(right->top, &right->top[moved],
			(right->count - moved - 1) * sizeof(right->top[0]));
		memmove(right->child, &right->child[moved],
			(right->count - moved) * sizeof(right->child[0]));
	}

	inner_set_count(left, keep);
	inner_set_count(right, total - keep);
	return top;
}

/* Nodes that lost a child, from the lowest level up. */
static void fix_inner(struct gpuva_index *index, struct gpuva_path *path)
{
	unsigned int level;

	for (level = 0; level + 1 < index->height; level++) {
		struct gpuva_inner *parent = path->inner[level + 1];
		unsigned int slot = path->slot[level + 1];
		struct gpuva_inner *left, *right;

		if (path->inner[level]->count >= INNER_SPARSE)
			return;

		if (slot)
			slot--;
		left = parent->child[slot];
		right = parent->child[slot + 1];

		if (left->count + right->count > INNER_MERGED) {
			parent->top[slot] = inner_share(left, right,
							parent->top[slot]);
			return;
		}

		inner_join(left, right, parent->top[slot]);
		inner_del_behind(parent, slot);
		give_back(index, right);
	}

	while (index->height) {
		struct gpuva_inner *root = index->root;

		if (root->count > 1)
			return;
		index->root = root->child[0];
		index->height--;
		give_back(index, root);
	}
}

/* Two leaves of one parent become one. */
static void leaf_join(struct gpuva_index *index, struct gpuva_path *path,
		      unsigned int slot)
{
	struct gpuva_inner *parent = path->inner[0];
	struct gpuva_leaf *left = parent->child[slot];
	struct gpuva_leaf *right = parent->child[slot + 1];
	const struct gpuva_leaf *finger = gpuva_finger_leaf(index->finger);

	/* Nothing moves if the left one alone has mappings. */
	if (right->count) {
		const unsigned int there = left->count, more = right->count;

		leaf_pack(left);
		leaf_pack(right);
		leaf_move_to(left, there, right, 0, more);
		leaf_set_count(left, there + more);
	}
	if (right->next)
		right->next->left_sparse = !right->count && right->left_sparse;
	left->top = right->top;
	left->next = right->next;
	if (finger == left || finger == right)
		gpuva_finger_set(index, left, 0);

	inner_del_behind(parent, slot);
	WRITE_ONCE(index->leaves, index->leaves - 1);
	give_back(index, right);
	fix_inner(index, path);
}

/*
 * The first leaf of a parent goes, which is empty; the second gets its keys. To
 * move what the second one has would take longer.
 */
static void leaf_drop_first(struct gpuva_index *index, struct gpuva_path *path)
{
	struct gpuva_inner *parent = path->inner[0];
	struct gpuva_leaf *leaf = parent->child[0];
	struct gpuva_leaf *right = parent->child[1];

	set_next_before(index, leaf->low, right);
	right->left_sparse = false;
	right->low = leaf->low;
	parent->child[1] = leaf;
	parent->child[0] = right;
	if (gpuva_finger_leaf(index->finger) == leaf)
		index->finger = 0;

	inner_del_behind(parent, 0);
	WRITE_ONCE(index->leaves, index->leaves - 1);
	give_back(index, leaf);
	fix_inner(index, path);
}

static void drop_root(struct gpuva_index *index)
{
	give_back(index, index->root);
	index->root = NULL;
	index->head = NULL;
	index->finger = 0;
	WRITE_ONCE(index->leaves, 0);
}

/*
 * Whether a sparse leaf can do nothing but wait: the one behind is too full, and the
 * one in front was not sparse when it looked. Where a range is cleared, or one column
 * after the other, the leaf will be empty soon, and the way down to it is long. The
 * one behind takes over: it looks in front of it when it gets sparse.
 */
static bool leaf_waits(const struct gpuva_leaf *leaf)
{
	struct gpuva_leaf *behind = leaf->next;

	if (!leaf->count || leaf->left_sparse)
		return false;

	if (behind && behind->count + leaf->count <= LEAF_MERGED)
		return false;

	if (behind)
		behind->left_sparse = true;
	return true;
}

/**
 * gpuva_leaf_sparse() - merge a leaf with another, if they are sparse
 * @index: the index
 * @leaf: a leaf that lost a mapping
 *
 * One that is empty is merged with whatever is beside it.
 */
void gpuva_leaf_sparse(struct gpuva_index *index, struct gpuva_leaf *leaf)
{
	const unsigned int most = leaf->count ? LEAF_MERGED : LEAF_SLOTS;
	const struct gpuva_leaf *other;
	struct gpuva_inner *parent;
	struct gpuva_path path;
	unsigned int slot;

	if (leaf_waits(leaf))
		return;

	leaf->left_sparse = false;
	find_path(index, leaf->top, &path);
	parent = path.inner[0];
	slot = path.slot[0];

	if (!parent) {
		if (!leaf->count)
			drop_root(index);
		return;
	}

	if (slot) {
		other = parent->child[slot - 1];
		if (other->count + leaf->count <= most) {
			leaf_join(index, &path, slot - 1);
			return;
		}
	}

	if (!leaf->count) {
		leaf_drop_first(index, &path);
		return;
	}

	if (slot + 1 < parent->count) {
		other = parent->child[slot + 1];
		if (other->count + leaf->count <= LEAF_MERGED)
			leaf_join(index, &path, slot);
	}
}

/**
 * gpuva_tree_free() - free all nodes
 * @index: the index, not used any more
 */
void gpuva_tree_free(struct gpuva_index *index)
{
	struct gpuva_path path;
	unsigned int level = index->height;

	/* Each node after all of its children. */
	if (level) {
		path.inner[--level] = index->root;
		path.slot[level] = 0;
	}

	while (level < index->height) {
		struct gpuva_inner *inner = path.inner[level];
		void *child;

		if (path.slot[level] == inner->count) {
			give_back(index, inner);
			level++;
			continue;
		}

		child = inner->child[path.slot[level]++];
		if (level) {
			path.inner[--level] = child;
			path.slot[level] = 0;
		} else {
			give_back(index, child);
		}
	}

	if (!index->height)
		give_back(index, index->root);
	index->root = NULL;
}
