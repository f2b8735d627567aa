/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The one place where API names become exported symbols.
 *
 * The kernel has a drm_gpuvm of its own, and a machine whose GPU driver uses it
 * has that one loaded. Two modules cannot export the same symbol, so each
 * function of this core is exported with the prefix ref_, and consumers are
 * compiled against it by these lines. Functions only: structure tags, enums and
 * macros keep their names. Sorted by the header's sections.
 */
#ifndef __DRM_GPUVM_SYMBOLS_H__
#define __DRM_GPUVM_SYMBOLS_H__

/* VM */
#define drm_gpuvm_init_abi			ref_drm_gpuvm_init_abi
#define drm_gpuvm_get				ref_drm_gpuvm_get
#define drm_gpuvm_put				ref_drm_gpuvm_put
#define drm_gpuvm_close				ref_drm_gpuvm_close
#define drm_gpuvm_range_valid			ref_drm_gpuvm_range_valid
#define drm_gpuvm_interval_empty		ref_drm_gpuvm_interval_empty
#define drm_gpuvm_resv_object_alloc		ref_drm_gpuvm_resv_object_alloc
#define drm_gpuvm_resv				ref_drm_gpuvm_resv
#define drm_gpuvm_resv_obj			ref_drm_gpuvm_resv_obj
#define drm_gpuvm_resv_held			ref_drm_gpuvm_resv_held
#define drm_gpuvm_resv_assert_held		ref_drm_gpuvm_resv_assert_held
#define drm_gpuvm_resv_protected		ref_drm_gpuvm_resv_protected
#define drm_gpuvm_immediate_mode		ref_drm_gpuvm_immediate_mode
#define drm_gpuvm_is_extobj			ref_drm_gpuvm_is_extobj

/* VA */
#define drm_gpuva_insert			ref_drm_gpuva_insert
#define drm_gpuva_remove			ref_drm_gpuva_remove
#define drm_gpuva_link				ref_drm_gpuva_link
#define drm_gpuva_unlink			ref_drm_gpuva_unlink
#define drm_gpuva_unlink_defer			ref_drm_gpuva_unlink_defer
#define drm_gpuva_find				ref_drm_gpuva_find
#define drm_gpuva_find_first			ref_drm_gpuva_find_first
#define drm_gpuva_find_prev			ref_drm_gpuva_find_prev
#define drm_gpuva_find_next			ref_drm_gpuva_find_next
#define drm_gpuva_invalidate			ref_drm_gpuva_invalidate
#define drm_gpuva_invalidated			ref_drm_gpuva_invalidated
#define drm_gpuva_init_from_op			ref_drm_gpuva_init_from_op
#define drm_gpuva_map				ref_drm_gpuva_map
#define drm_gpuva_remap				ref_drm_gpuva_remap
#define drm_gpuva_map_op			ref_drm_gpuva_map_op
#define drm_gpuva_unmap				ref_drm_gpuva_unmap
#define drm_gpuva_gem_offset			ref_drm_gpuva_gem_offset
#define drm_gpuva_attrs_at			ref_drm_gpuva_attrs_at

/* walk */
#define drm_gpuvm_first_va			ref_drm_gpuvm_first_va
#define drm_gpuva_next_va			ref_drm_gpuva_next_va
#define drm_gpuva_prev_va			ref_drm_gpuva_prev_va
#define drm_gpuvm_walk_on			ref_drm_gpuvm_walk_on
#define drm_gpuvm_bo_first_va			ref_drm_gpuvm_bo_first_va
#define drm_gpuvm_bo_next_va			ref_drm_gpuvm_bo_next_va
#define drm_gem_first_gpuvm_bo			ref_drm_gem_first_gpuvm_bo
#define drm_gem_next_gpuvm_bo			ref_drm_gem_next_gpuvm_bo

/* VM/BO */
#define drm_gpuvm_bo_create			ref_drm_gpuvm_bo_create
#define drm_gpuvm_bo_obtain_locked		ref_drm_gpuvm_bo_obtain_locked
#define drm_gpuvm_bo_obtain			ref_drm_gpuvm_bo_obtain_locked
#define drm_gpuvm_bo_obtain_prealloc		ref_drm_gpuvm_bo_obtain_prealloc
#define drm_gpuvm_bo_find			ref_drm_gpuvm_bo_find
#define drm_gpuvm_bo_get			ref_drm_gpuvm_bo_get
#define drm_gpuvm_bo_put			ref_drm_gpuvm_bo_put
#define drm_gpuvm_bo_put_deferred		ref_drm_gpuvm_bo_put_deferred
#define drm_gpuvm_bo_deferred_cleanup		ref_drm_gpuvm_bo_deferred_cleanup
#define drm_gpuvm_bo_extobj_add			ref_drm_gpuvm_bo_extobj_add
#define drm_gpuvm_bo_evict			ref_drm_gpuvm_bo_evict
#define drm_gpuvm_bo_gem_evict			ref_drm_gpuvm_bo_gem_evict
#define drm_gem_gpuva_mutex			ref_drm_gem_gpuva_mutex

/* exec and validation */
#define drm_gpuvm_prepare_vm			ref_drm_gpuvm_prepare_vm
#define drm_gpuvm_prepare_mappings		ref_drm_gpuvm_prepare_mappings
#define drm_gpuvm_prepare_objects		ref_drm_gpuvm_prepare_objects
#define drm_gpuvm_prepare_range			ref_drm_gpuvm_prepare_range
#define drm_gpuvm_exec_alloc			ref_drm_gpuvm_exec_alloc
#define drm_gpuvm_exec_free			ref_drm_gpuvm_exec_free
#define drm_gpuvm_exec_context			ref_drm_gpuvm_exec_context
#define drm_gpuvm_exec_lock			ref_drm_gpuvm_exec_lock
#define drm_gpuvm_exec_lock_array		ref_drm_gpuvm_exec_lock_array
#define drm_gpuvm_exec_lock_range		ref_drm_gpuvm_exec_lock_range
#define drm_gpuvm_exec_unlock			ref_drm_gpuvm_exec_unlock
#define drm_gpuvm_exec_validate			ref_drm_gpuvm_exec_validate
#define drm_gpuvm_exec_resv_add_fence		ref_drm_gpuvm_exec_resv_add_fence
#define drm_gpuvm_validate			ref_drm_gpuvm_validate
#define drm_gpuvm_resv_add_fence		ref_drm_gpuvm_resv_add_fence

/* split/merge */
#define drm_gpuvm_sm_map			ref_drm_gpuvm_sm_map
#define drm_gpuvm_sm_unmap			ref_drm_gpuvm_sm_unmap
#define drm_gpuvm_sm_map_exec_lock		ref_drm_gpuvm_sm_map_exec_lock
#define drm_gpuvm_sm_unmap_exec_lock		ref_drm_gpuvm_sm_unmap_exec_lock
#define drm_gpuva_op_remap_to_unmap_range	ref_drm_gpuva_op_remap_to_unmap_range

/* op lists */
#define drm_gpuvm_sm_map_ops_create		ref_drm_gpuvm_sm_map_ops_create
#define drm_gpuvm_sm_unmap_ops_create		ref_drm_gpuvm_sm_unmap_ops_create
#define drm_gpuvm_madvise_ops_create		ref_drm_gpuvm_madvise_ops_create
#define drm_gpuvm_prefetch_ops_create		ref_drm_gpuvm_prefetch_ops_create
#define drm_gpuvm_bo_unmap_ops_create		ref_drm_gpuvm_bo_unmap_ops_create
#define drm_gpuva_ops_free			ref_drm_gpuva_ops_free
#define drm_gpuva_ops_first			ref_drm_gpuva_ops_first
#define drm_gpuva_ops_last			ref_drm_gpuva_ops_last
#define drm_gpuva_ops_next			ref_drm_gpuva_ops_next
#define drm_gpuva_ops_prev			ref_drm_gpuva_ops_prev

/* binds */
#define drm_gpuvm_bind_queue_create		ref_drm_gpuvm_bind_queue_create
#define drm_gpuvm_bind_queue_close		ref_drm_gpuvm_bind_queue_close
#define drm_gpuvm_bind_queue_destroy		ref_drm_gpuvm_bind_queue_destroy
#define drm_gpuvm_bind_queue_state		ref_drm_gpuvm_bind_queue_state
#define drm_gpuvm_bind_queue_error		ref_drm_gpuvm_bind_queue_error
#define drm_gpuvm_bind_queue_reason		ref_drm_gpuvm_bind_queue_reason
#define drm_gpuvm_bind_queue_kill		ref_drm_gpuvm_bind_queue_kill
#define drm_gpuvm_bind_queue_lock		ref_drm_gpuvm_bind_queue_lock
#define drm_gpuvm_bind_queue_unlock		ref_drm_gpuvm_bind_queue_unlock
#define drm_gpuvm_bind_queue_mappings		ref_drm_gpuvm_bind_queue_mappings
#define drm_gpuvm_bind_job_create		ref_drm_gpuvm_bind_job_create
#define drm_gpuvm_bind_job_add			ref_drm_gpuvm_bind_job_add
#define drm_gpuvm_bind_job_submit		ref_drm_gpuvm_bind_job_submit
#define drm_gpuvm_bind_job_wait			ref_drm_gpuvm_bind_job_wait
#define drm_gpuvm_bind_job_fence		ref_drm_gpuvm_bind_job_fence
#define drm_gpuvm_bind_job_vm			ref_drm_gpuvm_bind_job_vm
#define drm_gpuvm_bind_job_priv			ref_drm_gpuvm_bind_job_priv
#define drm_gpuvm_bind_job_put			ref_drm_gpuvm_bind_job_put
#define drm_gpuvm_bind_evict			ref_drm_gpuvm_bind_evict
#define drm_gpuvm_bind_validate			ref_drm_gpuvm_bind_validate
#define drm_gpuvm_syncs_create			ref_drm_gpuvm_syncs_create
#define drm_gpuvm_syncs_wait			ref_drm_gpuvm_syncs_wait
#define drm_gpuvm_syncs_signal			ref_drm_gpuvm_syncs_signal
#define drm_gpuvm_syncs_free			ref_drm_gpuvm_syncs_free

/* userptrs */
#define drm_gpuvm_userptr_create		ref_drm_gpuvm_userptr_create
#define drm_gpuvm_is_userptr			ref_drm_gpuvm_is_userptr
#define drm_gpuvm_userptr_pages			ref_drm_gpuvm_userptr_pages
#define drm_gpuvm_userptr_repin			ref_drm_gpuvm_userptr_repin
#define drm_gpuvm_userptr_begin			ref_drm_gpuvm_userptr_begin
#define drm_gpuvm_userptr_end			ref_drm_gpuvm_userptr_end

/* objects that have memory */
#define drm_gpuvm_lru_create			ref_drm_gpuvm_lru_create
#define drm_gpuvm_lru_destroy			ref_drm_gpuvm_lru_destroy
#define drm_gpuvm_lru_obj_init			ref_drm_gpuvm_lru_obj_init
#define drm_gpuvm_lru_populate_locked		ref_drm_gpuvm_lru_populate_locked
#define drm_gpuvm_lru_del			ref_drm_gpuvm_lru_del
#define drm_gpuvm_lru_vm_used			ref_drm_gpuvm_lru_vm_used
#define drm_gpuvm_lru_submit			ref_drm_gpuvm_lru_submit
#define drm_gpuvm_lru_get_stats			ref_drm_gpuvm_lru_get_stats
#define drm_gpuvm_lru_print			ref_drm_gpuvm_lru_print

/* debug */
#define drm_debugfs_gpuva_info			ref_drm_debugfs_gpuva_info
#define drm_debugfs_gpuvm_json			ref_drm_debugfs_gpuvm_json

#endif
