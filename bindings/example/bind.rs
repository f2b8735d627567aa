// SPDX-License-Identifier: GPL-2.0

//! `DRM_IOCTL_EVGEM_VM_BIND`: from an array of operations to a job.
//!
//! Copies the array once, checks every operation, looks up what it names, and hands it to the core's
//! bind layer. A synchronous bind is the same job with a wait behind it.

use drm_gpuvm::{BindJob, BindOp, MayAlloc, Syncs};
use kernel::{
    drm::{self, gem::BaseObject},
    prelude::*,
};

use crate::{
    file::{File, MAX_BIND_OPS},
    gem::Object,
    quota,
    shim::{
        c,
        device::{client_id, Ioctl, Plugged},
        module::cond_resched,
        user::read_array,
    },
    sync, userptr,
    vm::{BindVm, Vm, READONLY},
    Driver,
};

type Op = c::drm_evgem_bind_op;

fn range_valid(vm: &BindVm, args: &Op) -> bool {
    (args.addr | args.range | args.offset) % 4096 == 0 && vm.range_valid(args.addr, args.range)
}

/// The core counts what repeats in 32 bits.
fn repeat_valid(args: &Op) -> bool {
    if args.flags & c::DRM_EVGEM_BIND_REPEAT == 0 {
        return args.repeat == 0;
    }
    args.repeat != 0 && args.repeat % 4096 == 0 && args.repeat <= args.range.min(u32::MAX.into())
}

fn args_valid(vm: &BindVm, args: &Op) -> bool {
    let map_flags = c::DRM_EVGEM_BIND_READONLY | c::DRM_EVGEM_BIND_REPEAT;
    if args.pad != 0 || !repeat_valid(args) {
        return false;
    }
    match args.op {
        c::DRM_EVGEM_BIND_OP_MAP => {
            args.handle != 0 && args.flags & !map_flags == 0 && range_valid(vm, args)
        }
        c::DRM_EVGEM_BIND_OP_UNMAP | c::DRM_EVGEM_BIND_OP_MAP_SPARSE => {
            args.handle == 0 && args.flags == 0 && args.offset == 0 && range_valid(vm, args)
        }
        c::DRM_EVGEM_BIND_OP_UNMAP_BO => {
            args.handle != 0
                && args.flags | args.pad == 0
                && args.offset | args.addr | args.range == 0
        }
        c::DRM_EVGEM_BIND_OP_MAP_USERPTR => {
            args.handle == 0
                && args.flags & !c::DRM_EVGEM_BIND_READONLY == 0
                && range_valid(vm, args)
        }
        _ => false,
    }
}

/// An UNMAP_BO has offset and range 0, so the same question does.
fn can_map(vm: &Vm, object: &Object, offset: u64, length: u64) -> bool {
    let size = object.size() as u64;
    object.can_be_in(vm) && size.checked_sub(length).is_some_and(|last| offset <= last)
}

fn add(
    may: &MayAlloc,
    job: &mut BindJob<'_, Vm>,
    vm: &BindVm,
    file: &drm::File<File>,
    args: &Op,
) -> Result {
    if !args_valid(vm, args) {
        return Err(EINVAL);
    }
    let readonly = args.flags & c::DRM_EVGEM_BIND_READONLY != 0;
    let flags = if readonly { READONLY } else { 0 };
    match args.op {
        c::DRM_EVGEM_BIND_OP_MAP_USERPTR => {
            // For a userptr, the offset is its address in the process.
            let userptr = userptr::create(may, vm, args)?;
            return job.add(may, &BindOp::map_userptr(&userptr).driver_flags(flags));
        }
        c::DRM_EVGEM_BIND_OP_UNMAP => return job.add(may, &BindOp::unmap(args.addr, args.range)),
        c::DRM_EVGEM_BIND_OP_MAP_SPARSE => {
            return job.add(may, &BindOp::map_sparse(args.addr, args.range))
        }
        _ => (),
    }
    let object = Object::lookup_handle(file, args.handle)?;
    let length = if args.repeat != 0 {
        args.repeat
    } else {
        args.range
    };
    if !can_map(vm.driver(), &object, args.offset, length) {
        return Err(EINVAL);
    }
    if args.op == c::DRM_EVGEM_BIND_OP_UNMAP_BO {
        return job.add(may, &BindOp::unmap_object(&*object));
    }
    let op = BindOp::map(args.addr, args.range, &*object, args.offset)
        .repeat(args.repeat as u32, 0)
        .driver_flags(flags);
    job.add(may, &op)
}

fn bind(
    may: &MayAlloc,
    vm: &BindVm,
    file: &drm::File<File>,
    args: &c::drm_evgem_vm_bind,
    ops: &[Op],
    mut syncs: Syncs,
) -> Result {
    let mut job = vm.job(may, args.ops.count, client_id(file))?;
    let share = quota::take_ops(&vm.driver().account, ops)?;
    job.data().set_share(share);
    for op in ops {
        add(may, &mut job, vm, file, op)?;
        cond_resched();
    }
    let queued = {
        // Not around the wait of a synchronous bind: unplugging waits for this.
        let _plugged = Plugged::enter(&*vm.driver().dev)?;
        job.submit(may, &mut syncs)?
    };
    if args.flags & c::DRM_EVGEM_VM_BIND_ASYNC == 0 {
        queued.wait(may)?;
    }
    Ok(())
}

/// `DRM_IOCTL_EVGEM_VM_BIND`.
pub(crate) struct Bind;

impl Ioctl for Bind {
    type Driver = Driver;
    type Args = c::drm_evgem_vm_bind;
    const NUMBER: u32 = c::DRM_EVGEM_VM_BIND;
    const ANSWERS: bool = false;
    const NAME: &'static CStr = c"EVGEM_VM_BIND";

    fn call(_dev: &drm::Device<Driver>, args: &mut Self::Args, file: &drm::File<File>) -> Result {
        let is_async = args.flags & c::DRM_EVGEM_VM_BIND_ASYNC != 0;
        if args.flags & !c::DRM_EVGEM_VM_BIND_ASYNC != 0 || !is_async && args.syncs.count != 0 {
            return Err(EINVAL);
        }
        let may = MayAlloc::here();
        let vm = file.inner().vm(args.vm_id)?;
        vm.check()?;
        let ops = read_array::<Op>(&args.ops, MAX_BIND_OPS)?;
        let syncs = sync::copy(&may, file, &args.syncs)?;
        // Of an array that is empty, nothing is looked at but this.
        bind(&may, &vm, file, args, &ops, syncs)
    }
}
