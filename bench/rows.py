# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# What is measured, at which sizes, and how much faster than the kernel's own
# core ours has to be. The modules know the groups; each reports the rows that
# stand here for it, and no others.

CORES = ("kernel", "ref")

# Sizes of each group: mappings, but objects for exec and validate, VMs for obtain.
SIZES = {
    "latency": (1000, 64000, 1000000, 8000000),
    "mappings": (1000, 64000, 1000000, 8000000),
    "patterns": (1000, 64000, 1000000),
    "overlap": (1000, 64000, 1000000),
    "ops": (1000, 64000, 1000000),
    "trace": (1000, 64000, 1000000),
    "close": (64000, 1000000),
    "exec": (1, 100, 10000),
    "validate": (100, 10000),
    "obtain": (1, 10, 1000),
    "bytes": (1000000,),
    "longest": (1000000,),
}

# How often a group is run in one round, so that there is time to take: until it
# had so many mappings, or so many times whatever the size.
PASSES_MAPPINGS = {"latency": 65536, "mappings": 65536, "patterns": 65536,
                   "overlap": 65536, "trace": 16384}
PASSES = {"exec": 10, "obtain": 20, "ops": 16, "validate": 10}

# Row: its group and what one operation is.
ROWS = {
    "latency": ("latency", "reach a random mapping in memory"),
    "map-ascending": ("mappings", "sm_map, ascending"),
    "map-random": ("mappings", "sm_map, random order"),
    "replace": ("mappings", "sm_map over an equal mapping, random"),
    "split": ("mappings", "sm_map splitting a mapping in three, random"),
    "unmap": ("mappings", "sm_unmap, random"),
    "unmap-all": ("mappings", "sm_unmap of everything, per mapping"),
    "find-first": ("mappings", "find_first, random"),
    "find": ("mappings", "find, exact, random"),
    "walk": ("mappings", "walk over everything, per mapping"),
    "walk-range": ("mappings", "walk over 64 mappings somewhere, per mapping"),
    "insert": ("mappings", "insert alone, random"),
    "remove": ("mappings", "remove alone, random"),
    "map-clustered": ("patterns", "sm_map, clustered"),
    "find-clustered": ("patterns", "find_first, clustered"),
    "replace-clustered": ("patterns", "sm_map over an equal mapping, clustered"),
    "unmap-clustered": ("patterns", "sm_unmap, clustered"),
    "map-strided": ("patterns", "sm_map, strided"),
    "find-strided": ("patterns", "find_first, strided"),
    "replace-strided": ("patterns", "sm_map over an equal mapping, strided"),
    "unmap-strided": ("patterns", "sm_unmap, strided"),
    "overlap-1": ("overlap", "sm_map over 1 mapping"),
    "overlap-4": ("overlap", "sm_map over 4 mappings"),
    "overlap-16": ("overlap", "sm_map over 16 mappings"),
    "overlap-64": ("overlap", "sm_map over 64 mappings"),
    "ops-create-map": ("ops", "list of a map over 1 mapping, made"),
    "ops-free-map": ("ops", "the same list, freed"),
    "ops-create-map-64": ("ops", "list of a map over 64 mappings, made"),
    "ops-free-map-64": ("ops", "the same list, freed"),
    "ops-create-unmap-64": ("ops", "list of an unmap of 64 mappings, made"),
    "ops-free-unmap-64": ("ops", "the same list, freed"),
    "trace": ("trace", "a bind of a game"),
    "close": ("close", "close of a VM, per linked mapping"),
    "exec-floor": ("exec", "drm_exec alone, the same objects and no core"),
    "exec-lock": ("exec", "exec_lock and unlock, n external objects"),
    "exec-lock-resv": ("exec", "the same, lists under the VM's dma_resv"),
    "validate-floor": ("validate", "validate-all by the callback alone"),
    "validate-all": ("validate", "validate, per object, all n evicted"),
    "validate-tenth-floor": ("validate", "validate-tenth by the callback alone"),
    "validate-tenth": ("validate", "validate, per object, n / 10 evicted"),
    "validate-thousandth-floor": ("validate", "validate-thousandth by the callback alone"),
    "validate-thousandth": ("validate", "validate, per object, n / 1,000 evicted"),
    "obtain-floor": ("obtain", "two calls, a reference taken and dropped, no search"),
    "obtain": ("obtain", "vm_bo obtained and put, n VMs share the BO"),
    "obtain-last-floor": ("obtain", "two such calls, always for the VM that came last"),
    "obtain-last": ("obtain", "vm_bo obtained and put in the VM that came last"),
    "obtain-prealloc-floor": ("obtain", "spare made and freed, references, mutex, no core"),
    "obtain-prealloc": ("obtain", "vm_bo obtained in any VM, with a spare one made before"),
    "bytes-struct": ("bytes", "size of a mapping"),
    "bytes-slab": ("bytes", "the same in its slab"),
    "bytes": ("bytes", "the same with its part of the index"),
    "longest-map": ("longest", "sm_map, random order, the longest of all"),
    "longest-replace": ("longest", "sm_map over an equal one, the longest of all"),
    "longest-unmap": ("longest", "sm_unmap, random, the longest of all"),
}

# No row that compares the cores may be slower than that.
LEAST = 1.1

# With no more than that there are so many times the rounds.
FEW = 64000
MORE_ROUNDS = 3

# Reported, not compared: what the machine does, and what has no median.
FREE = ("latency", "bytes-struct", "bytes-slab",
        "longest-map", "longest-replace", "longest-unmap")

# What no core can do without in a row, measured as another one; not compared, either.
FLOORS = {"exec-lock": "exec-floor", "exec-lock-resv": "exec-floor",
          "validate-all": "validate-floor", "validate-tenth": "validate-tenth-floor",
          "validate-thousandth": "validate-thousandth-floor",
          "obtain": "obtain-floor", "obtain-last": "obtain-last-floor",
          "obtain-prealloc": "obtain-prealloc-floor"}

TABLE = ("map-ascending", "map-random", "replace", "split", "unmap",
         "unmap-all", "find-first", "find", "walk")

TARGETS = {
    1000: dict.fromkeys(TABLE, 1.2) | {"find-first": 1.5, "find": 1.5},
    64000: dict.fromkeys(TABLE, 1.3) | {
        "find-first": 3, "find": 3, "replace": 3, "unmap": 2.5,
        "map-random": 2, "split": 2},
    1000000: {
        "find-first": 5, "find": 5, "replace": 4, "unmap": 3.5,
        "map-random": 3, "split": 2.5, "map-ascending": 1.5, "walk": 1.5,
        "unmap-all": 1.5},
    10000: {"exec-lock": 1.5, "exec-lock-resv": 1.5},
}


def target(row, n):
    """The ratio that a row has to reach, or None."""
    if row in FREE or row in FLOORS.values():
        return None
    if row == "bytes":
        return 1.0
    return TARGETS.get(n, {}).get(row, LEAST)


def machine(line):
    """What both modules measured of the machine alone: the stricter of the two."""
    return min(line[core] for core in CORES)


def rows_of(group):
    return [row for row, (of, _) in ROWS.items() if of == group]


def rounds(n, wanted, scale):
    """How many rounds there are at a size, of so many that were asked for.

    In small, where nothing is measured, no more than these.

    What takes little time has its median of more of them: the caches that it fits into
    are the host's other guests' as well, and for seconds these may leave it less.
    """
    return wanted * MORE_ROUNDS if scale == 1 and n <= FEW else wanted


def passes(group, n):
    """How often a group is run in one round."""
    many = PASSES.get(group) or PASSES_MAPPINGS.get(group, 0) // n
    return max(1, min(many, 64))
