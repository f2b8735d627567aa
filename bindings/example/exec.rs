// SPDX-License-Identifier: GPL-2.0

//! `DRM_IOCTL_EVGEM_EXEC`: from command buffers to a job.
//!
//! A job protects the memory that it uses without knowing what that is: it locks the VM's `dma_resv`,
//! which serves all private BOs, and those of the external BOs mapped in the VM, and leaves its fence
//! in each.

use drm_gpuvm::{MayAlloc, Syncs};
use kernel::{drm, prelude::*};

use crate::{
    file::{File, MAX_CMDBUFS, MAX_CMDBUF_SIZE},
    queue::{JobQueue, Queue},
    quota,
    shim::{
        c,
        device::{client_id, Ioctl, Plugged},
        queue::{Commands, NewJob},
        user::read_array,
    },
    sync,
    vm::BindVm,
    Driver,
};

fn cmdbuf_valid(args: &c::drm_evgem_cmdbuf) -> bool {
    args.flags == 0 && args.size <= MAX_CMDBUF_SIZE && args.ptr % 8 == 0 && args.size % 8 == 0
}

fn copy_commands(array: &c::drm_evgem_array) -> Result<(Commands, u64)> {
    let bufs = read_array::<c::drm_evgem_cmdbuf>(array, MAX_CMDBUFS)?;
    if !bufs.iter().all(cmdbuf_valid) {
        return Err(EINVAL);
    }
    // Count and sizes have small limits.
    let size = bufs
        .iter()
        .fold(0u64, |sum, buf| sum.saturating_add(buf.size.into()));
    let places = bufs.iter().map(|buf| (buf.ptr, buf.size as usize));
    let commands = Commands::read(places, size as usize)?;
    Ok((commands, size))
}

/// Publishes a job, unless this fails: then it is still there.
fn lock_and_publish(
    may: &mut MayAlloc,
    vm: &BindVm,
    job: &mut Option<NewJob<'_, Queue>>,
    syncs: &mut Syncs,
) -> Result {
    let _plugged = Plugged::enter(&*vm.driver().dev)?;
    let mut locked = vm.lock_for_job(may)?;
    locked.validate(may)?;
    locked.publish(may, |locked, _section| {
        let Some(job) = job.take() else { return };
        job.publish(|fence| {
            // There is room for one, and this is called once.
            let _ = locked.add_fence(fence);
            syncs.signal(fence);
        });
    })
}

fn exec(
    may: &mut MayAlloc,
    queue: &JobQueue,
    file: &drm::File<File>,
    args: &c::drm_evgem_exec,
    mut syncs: Syncs,
) -> Result {
    let vm = &queue.backend().vm;
    let (commands, size) = copy_commands(&args.cmdbufs)?;
    let share = quota::take_commands(&vm.driver().account, size)?;
    let mut new = queue.job(commands, client_id(file), share)?;
    new.wait_for(may, &mut syncs)?;
    let mut job = Some(new);

    // Once more if a process took pages of a userptr away in between.
    loop {
        vm.repin(may)?;
        match lock_and_publish(may, vm, &mut job, &mut syncs) {
            Err(error) if error == EAGAIN => (),
            result => return result,
        }
    }
}

/// `DRM_IOCTL_EVGEM_EXEC`.
pub(crate) struct Exec;

impl Ioctl for Exec {
    type Driver = Driver;
    type Args = c::drm_evgem_exec;
    const NUMBER: u32 = c::DRM_EVGEM_EXEC;
    const ANSWERS: bool = false;
    const NAME: &'static CStr = c"EVGEM_EXEC";

    fn call(_dev: &drm::Device<Driver>, args: &mut Self::Args, file: &drm::File<File>) -> Result {
        if args.flags != 0 {
            return Err(EINVAL);
        }
        let queue = file.inner().queue(args.queue_id)?;
        // A closed VM killed its queues, so the VM is asked first.
        queue.backend().vm.check()?;
        if queue.is_killed() {
            return Err(ENODEV);
        }
        let mut may = MayAlloc::here();
        let syncs = sync::copy(&may, file, &args.syncs)?;
        exec(&mut may, &queue, file, args, syncs)
    }
}
