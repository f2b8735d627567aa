// SPDX-License-Identifier: GPL-2.0

//! Queues: where a program's jobs for the engine go.

use core::sync::atomic::{AtomicU32, Ordering};

use kernel::{drm, prelude::*, sync::aref::ARef};

use crate::{
    file::{File, MAX_QUEUES, MAX_TIMEOUT_MS},
    quota::Share,
    shim::{
        self, c,
        device::{Ioctl, Plugged},
        module,
        queue::{cancelled, Backend, Fault, QueueArgs},
    },
    vm::BindVm,
    Driver,
};

/// A queue, with the scheduler in front of it.
pub(crate) type JobQueue = shim::queue::JobQueue<Queue>;

/// The driver's part of a queue.
pub(crate) struct Queue {
    /// The VM whose addresses the jobs use.
    pub(crate) vm: ARef<BindVm>,
    /// For reports of faults; does not change once the id is known.
    id: AtomicU32,
}

impl Queue {
    fn is_unplugged(&self) -> bool {
        Plugged::enter(&*self.vm.driver().dev).is_err()
    }
}

impl Backend for Queue {
    /// What it has of the file's account.
    type Job = Share;

    fn refuse(&self, killed: bool) -> Result {
        if self.is_unplugged() {
            return Err(ENODEV);
        }
        if killed {
            return Err(cancelled());
        }
        match self.vm.check() {
            Err(error) if error == EIO => Err(EIO),
            _ => Ok(()),
        }
    }

    fn cancelled(&self) -> Error {
        if self.is_unplugged() {
            ENODEV
        } else {
            cancelled()
        }
    }

    fn fault(&self, fault: Fault) {
        self.vm
            .driver()
            .record(self.id.load(Ordering::Relaxed), fault);
    }
}

/// Ends the use of a queue. Its jobs end with `ECANCELED`.
///
/// Context: process; sleeps.
pub(crate) fn close(queue: &JobQueue) {
    queue.kill();
    queue.backend().vm.driver().leave(queue);
}

fn create(dev: &drm::Device<Driver>, vm: ARef<BindVm>, timeout_ms: u32) -> Result<ARef<JobQueue>> {
    let args = QueueArgs {
        context: vm.driver().context.clone(),
        dev: dev.as_ref(),
        submit: &dev.queues.sched,
        timeout: &dev.queues.timeout,
        release: &dev.queues.release,
        timeout_ms,
    };
    let backend = Queue {
        vm: vm.clone(),
        id: AtomicU32::new(0),
    };
    let queue = JobQueue::new(args, backend)?;
    vm.driver().join(&vm, &queue)?;
    Ok(queue)
}

/// `DRM_IOCTL_EVGEM_QUEUE_CREATE`.
pub(crate) struct Create;

impl Ioctl for Create {
    type Driver = Driver;
    type Args = c::drm_evgem_queue_create;
    const NUMBER: u32 = c::DRM_EVGEM_QUEUE_CREATE;
    const ANSWERS: bool = true;
    const NAME: &'static CStr = c"EVGEM_QUEUE_CREATE";

    fn call(dev: &drm::Device<Driver>, args: &mut Self::Args, file: &drm::File<File>) -> Result {
        if args.flags != 0 || args.timeout_ms > MAX_TIMEOUT_MS {
            return Err(EINVAL);
        }
        let inner = file.inner();
        let vm = inner.vm(args.vm_id)?;
        let timeout_ms = match args.timeout_ms {
            0 => module::timeout_ms(),
            ms => ms,
        };
        let queue = create(dev, vm, timeout_ms)?;
        // The table sets the id before another thread can find the queue.
        let added = inner.queues.lock().add(queue, MAX_QUEUES, |queue, id| {
            queue.backend().id.store(id, Ordering::Relaxed);
        });
        match added {
            Ok(id) => {
                args.queue_id = id;
                Ok(())
            }
            Err((error, queue)) => {
                close(&queue);
                Err(error)
            }
        }
    }
}

/// `DRM_IOCTL_EVGEM_QUEUE_DESTROY`.
pub(crate) struct Destroy;

impl Ioctl for Destroy {
    type Driver = Driver;
    type Args = c::drm_evgem_queue_destroy;
    const NUMBER: u32 = c::DRM_EVGEM_QUEUE_DESTROY;
    const ANSWERS: bool = false;
    const NAME: &'static CStr = c"EVGEM_QUEUE_DESTROY";

    fn call(_dev: &drm::Device<Driver>, args: &mut Self::Args, file: &drm::File<File>) -> Result {
        if args.pad != 0 {
            return Err(EINVAL);
        }
        let inner = file.inner();
        let queue = inner.queues.lock().remove(args.queue_id).ok_or(ENOENT)?;
        close(&queue);
        // It runs no more, so this is the last word.
        inner.has_run(queue.busy_ns());
        Ok(())
    }
}
