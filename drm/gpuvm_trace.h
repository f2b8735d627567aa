/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Trace events of the core: what changes in a VM.
 *
 * VMs and objects are shown by hashed address, like in debugfs, and VMs by name,
 * too. Addresses, ranges and offsets are in the VM's unit. An event is written
 * when its operation has succeeded; all may be written in the fence signalling
 * section.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM drm_gpuvm_ref

#if !defined(__GPUVM_TRACE_H__) || defined(TRACE_HEADER_MULTI_READ)
#define __GPUVM_TRACE_H__

#include <linux/dma-fence.h>
#include <linux/tracepoint.h>

#include <drm/drm_gpuvm.h>

TRACE_EVENT(gpuva_map,
	TP_PROTO(const struct drm_gpuva *va),
	TP_ARGS(va),
	TP_STRUCT__entry(
		__string(name, va->vm->name)
		__field(const void *, vm)
		__field(const void *, obj)
		__field(u64, addr)
		__field(u64, range)
		__field(u64, offset)
		__field(u64, cookie)
		__field(u32, flags)
		__field(u32, repeat)
		__field(u32, repeat_phase)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vm = va->vm;
		__entry->obj = va->gem.obj;
		__entry->addr = va->va.addr;
		__entry->range = va->va.range;
		__entry->offset = va->gem.offset;
		__entry->cookie = va->attrs.cookie;
		__entry->flags = va->flags;
		__entry->repeat = va->attrs.repeat;
		__entry->repeat_phase = va->attrs.repeat_phase;
	),
	TP_printk("vm=%p name=%s addr=%#llx range=%#llx obj=%p offset=%#llx flags=%#x cookie=%#llx repeat=%#x phase=%#x",
		  __entry->vm, __get_str(name), __entry->addr, __entry->range,
		  __entry->obj, __entry->offset, __entry->flags,
		  __entry->cookie, __entry->repeat, __entry->repeat_phase)
);

TRACE_EVENT(gpuva_remap,
	TP_PROTO(const struct drm_gpuva *va, u64 start, u64 range, bool keep),
	TP_ARGS(va, start, range, keep),
	TP_STRUCT__entry(
		__string(name, va->vm->name)
		__field(const void *, vm)
		__field(const void *, obj)
		__field(u64, addr)
		__field(u64, range)
		__field(u64, cut_addr)
		__field(u64, cut_range)
		__field(bool, keep)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vm = va->vm;
		__entry->obj = va->gem.obj;
		__entry->addr = va->va.addr;
		__entry->range = va->va.range;
		__entry->cut_addr = start;
		__entry->cut_range = range;
		__entry->keep = keep;
	),
	TP_printk("vm=%p name=%s addr=%#llx range=%#llx obj=%p cut_addr=%#llx cut_range=%#llx keep=%d",
		  __entry->vm, __get_str(name), __entry->addr, __entry->range,
		  __entry->obj, __entry->cut_addr, __entry->cut_range,
		  __entry->keep)
);

TRACE_EVENT(gpuva_unmap,
	TP_PROTO(const struct drm_gpuva *va, bool keep),
	TP_ARGS(va, keep),
	TP_STRUCT__entry(
		__string(name, va->vm->name)
		__field(const void *, vm)
		__field(const void *, obj)
		__field(u64, addr)
		__field(u64, range)
		__field(bool, keep)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vm = va->vm;
		__entry->obj = va->gem.obj;
		__entry->addr = va->va.addr;
		__entry->range = va->va.range;
		__entry->keep = keep;
	),
	TP_printk("vm=%p name=%s addr=%#llx range=%#llx obj=%p keep=%d",
		  __entry->vm, __get_str(name), __entry->addr, __entry->range,
		  __entry->obj, __entry->keep)
);

TRACE_EVENT(gpuvm_bo_evict,
	TP_PROTO(const struct drm_gpuvm_bo *vm_bo, bool evict),
	TP_ARGS(vm_bo, evict),
	TP_STRUCT__entry(
		__string(name, vm_bo->vm->name)
		__field(const void *, vm)
		__field(const void *, obj)
		__field(bool, external)
		__field(bool, evict)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vm = vm_bo->vm;
		__entry->obj = vm_bo->obj;
		__entry->external = vm_bo->obj->resv !=
				    vm_bo->vm->r_obj->resv;
		__entry->evict = evict;
	),
	TP_printk("vm=%p name=%s obj=%p external=%d evict=%d",
		  __entry->vm, __get_str(name), __entry->obj,
		  __entry->external, __entry->evict)
);

TRACE_EVENT(gpuvm_bo_validate,
	TP_PROTO(const struct drm_gpuvm_bo *vm_bo, int ret),
	TP_ARGS(vm_bo, ret),
	TP_STRUCT__entry(
		__string(name, vm_bo->vm->name)
		__field(const void *, vm)
		__field(const void *, obj)
		__field(bool, evicted)
		__field(int, ret)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vm = vm_bo->vm;
		__entry->obj = vm_bo->obj;
		__entry->evicted = vm_bo->evicted;
		__entry->ret = ret;
	),
	TP_printk("vm=%p name=%s obj=%p evicted=%d ret=%d",
		  __entry->vm, __get_str(name), __entry->obj,
		  __entry->evicted, __entry->ret)
);

/*
 * A job of the bind layer is known by the fence that it signals at its end, whose
 * context is one for all jobs of a VM.
 */
TRACE_EVENT(gpuvm_bind_submit,
	TP_PROTO(const struct drm_gpuvm *gpuvm, const struct dma_fence *fence,
		 u32 ops),
	TP_ARGS(gpuvm, fence, ops),
	TP_STRUCT__entry(
		__string(name, gpuvm->name)
		__field(const void *, vm)
		__field(u64, context)
		__field(u64, seqno)
		__field(u32, ops)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vm = gpuvm;
		__entry->context = fence->context;
		__entry->seqno = fence->seqno;
		__entry->ops = ops;
	),
	TP_printk("vm=%p name=%s context=%llu seqno=%llu ops=%u",
		  __entry->vm, __get_str(name), __entry->context,
		  __entry->seqno, __entry->ops)
);

TRACE_EVENT(gpuvm_bind_run,
	TP_PROTO(const struct drm_gpuvm *gpuvm, const struct dma_fence *fence),
	TP_ARGS(gpuvm, fence),
	TP_STRUCT__entry(
		__string(name, gpuvm->name)
		__field(const void *, vm)
		__field(u64, context)
		__field(u64, seqno)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vm = gpuvm;
		__entry->context = fence->context;
		__entry->seqno = fence->seqno;
	),
	TP_printk("vm=%p name=%s context=%llu seqno=%llu",
		  __entry->vm, __get_str(name), __entry->context,
		  __entry->seqno)
);

TRACE_EVENT(gpuvm_bind_undo,
	TP_PROTO(const struct drm_gpuvm *gpuvm, const struct dma_fence *fence,
		 int error, bool undone),
	TP_ARGS(gpuvm, fence, error, undone),
	TP_STRUCT__entry(
		__string(name, gpuvm->name)
		__field(const void *, vm)
		__field(u64, context)
		__field(u64, seqno)
		__field(int, error)
		__field(bool, undone)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vm = gpuvm;
		__entry->context = fence->context;
		__entry->seqno = fence->seqno;
		__entry->error = error;
		__entry->undone = undone;
	),
	TP_printk("vm=%p name=%s context=%llu seqno=%llu error=%d undone=%d",
		  __entry->vm, __get_str(name), __entry->context,
		  __entry->seqno, __entry->error, __entry->undone)
);

TRACE_EVENT(gpuvm_bind_done,
	TP_PROTO(const struct drm_gpuvm *gpuvm, const struct dma_fence *fence,
		 int error),
	TP_ARGS(gpuvm, fence, error),
	TP_STRUCT__entry(
		__string(name, gpuvm->name)
		__field(const void *, vm)
		__field(u64, context)
		__field(u64, seqno)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vm = gpuvm;
		__entry->context = fence->context;
		__entry->seqno = fence->seqno;
		__entry->error = error;
	),
	TP_printk("vm=%p name=%s context=%llu seqno=%llu error=%d",
		  __entry->vm, __get_str(name), __entry->context,
		  __entry->seqno, __entry->error)
);

/*
 * A userptr by where it was made for, whatever is left of that. In both events
 * the page tables have changed by then.
 */
TRACE_EVENT(gpuvm_userptr_invalidate,
	TP_PROTO(const struct drm_gpuvm *gpuvm, const struct drm_gem_object *obj,
		 u64 addr, u64 range),
	TP_ARGS(gpuvm, obj, addr, range),
	TP_STRUCT__entry(
		__string(name, gpuvm->name)
		__field(const void *, vm)
		__field(const void *, obj)
		__field(u64, addr)
		__field(u64, range)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vm = gpuvm;
		__entry->obj = obj;
		__entry->addr = addr;
		__entry->range = range;
	),
	TP_printk("vm=%p name=%s obj=%p addr=%#llx range=%#llx",
		  __entry->vm, __get_str(name), __entry->obj, __entry->addr,
		  __entry->range)
);

TRACE_EVENT(gpuvm_userptr_repin,
	TP_PROTO(const struct drm_gpuvm *gpuvm, const struct drm_gem_object *obj,
		 u64 addr, u64 range, unsigned long pages),
	TP_ARGS(gpuvm, obj, addr, range, pages),
	TP_STRUCT__entry(
		__string(name, gpuvm->name)
		__field(const void *, vm)
		__field(const void *, obj)
		__field(u64, addr)
		__field(u64, range)
		__field(unsigned long, pages)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vm = gpuvm;
		__entry->obj = obj;
		__entry->addr = addr;
		__entry->range = range;
		__entry->pages = pages;
	),
	TP_printk("vm=%p name=%s obj=%p addr=%#llx range=%#llx pages=%lu",
		  __entry->vm, __get_str(name), __entry->obj, __entry->addr,
		  __entry->range, __entry->pages)
);

#endif

/* Beside this file, and not where the kernel has its own; see Kbuild. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE gpuvm_trace
#include <trace/define_trace.h>
