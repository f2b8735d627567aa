// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! A driver of VMs that writes down what it is asked to do before it does it.

use core::sync::atomic::{AtomicUsize, Ordering};

use drm_gpuvm::{
    Driver, MapRequest, Mapped, NewMapping, OpMap, OpRemap, OpUnmap, OwnedVm, Remapped, Unmapped,
    VmArgs, VmBo,
};
use kernel::prelude::*;

use crate::{
    text::{text_of, Text},
    world::{name_of, Bo},
};

/// How many values of [`Counted`] there are.
pub(crate) static COUNTED: AtomicUsize = AtomicUsize::new(0);

/// The driver's data, counted: a mapping that leaks takes it along.
pub(crate) struct Counted(pub(crate) u64);

impl Counted {
    pub(crate) fn new(value: u64) -> Self {
        COUNTED.fetch_add(1, Ordering::Relaxed);
        Self(value)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        COUNTED.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Counted {
    fn default() -> Self {
        Self::new(0)
    }
}

/// A driver of VMs: its steps as text.
pub(crate) struct Steps {
    pub(crate) log: Text,
    /// The step that fails, if any, counted down.
    pub(crate) fail_at: Option<usize>,
}

impl Steps {
    fn step(&mut self, what: impl core::fmt::Display) -> Result {
        if let Some(left) = &mut self.fail_at {
            *left = left.checked_sub(1).ok_or(EIO)?;
        }
        self.log.say("; ", what)
    }
}

/// What a job has set aside, and what it left.
pub(crate) struct Job {
    spare: KVec<NewMapping<Steps>>,
}

impl Job {
    /// With the most that one request can need: two pieces for each mapping that it may cut, of
    /// which there are two, and the new one.
    pub(crate) fn new() -> Result<Self> {
        let mut spare = KVec::with_capacity(5, GFP_KERNEL)?;
        for _ in 0..5 {
            spare.push(NewMapping::new(GFP_KERNEL)?, GFP_KERNEL)?;
        }
        Ok(Self { spare })
    }

    fn take(&mut self) -> Result<NewMapping<Steps>> {
        self.spare.pop().ok_or(ENOMEM)
    }

    fn give(&mut self, memory: NewMapping<Steps>) {
        // What does not fit goes.
        drop(self.spare.push_within_capacity(memory));
    }
}

impl Driver for Steps {
    type Object = Bo;
    type MappingData = Counted;
    type VmBoData = Counted;
    type Context<'ctx> = Job;

    fn map<'op>(&mut self, op: OpMap<'op, Self>, job: &mut Job) -> Result<Mapped<'op, Self>> {
        self.step(text_of(&*op))?;
        let data = Counted::new(op.address());
        op.insert(job.take()?, data)
    }

    fn remap<'op>(&mut self, op: OpRemap<'op, Self>, job: &mut Job) -> Result<Remapped<'op, Self>> {
        self.step(text_of(&*op))?;
        // What a piece inherits: the driver's data of the mapping that was cut.
        let (done, cut) = op.replace([job.take()?, job.take()?], |old, _piece| {
            Counted::new(old.data().0)
        })?;
        if let Some(spare) = cut.spare {
            job.give(spare);
        }
        let (memory, _data) = cut.removed.recycle();
        job.give(memory);
        Ok(done)
    }

    fn unmap<'op>(&mut self, op: OpUnmap<'op, Self>, job: &mut Job) -> Result<Unmapped<'op, Self>> {
        self.step(text_of(&*op))?;
        let (done, removed) = op.remove();
        job.give(removed.recycle().0);
        Ok(done)
    }

    fn validate(vm_bo: &VmBo<Self>) -> Result {
        VALIDATED.fetch_add(1, Ordering::Relaxed);
        if name_of(Some(vm_bo.object())) == 'X' {
            return Err(EIO);
        }
        Ok(())
    }
}

/// How often the driver was asked to validate something.
pub(crate) static VALIDATED: AtomicUsize = AtomicUsize::new(0);

/// A VM of this driver.
pub(crate) fn make_vm(
    resv: &Bo,
    range: core::ops::Range<u64>,
    reserve: core::ops::Range<u64>,
) -> Result<OwnedVm<Steps>> {
    let args = VmArgs {
        name: c"rust",
        range,
        reserve,
    };
    let steps = Steps {
        log: Text::new()?,
        fail_at: None,
    };
    OwnedVm::new(args, resv, steps)
}

/// Maps without a trace in the log.
pub(crate) fn map(vm: &mut OwnedVm<Steps>, request: &MapRequest<'_, Steps>) -> Result {
    vm.sm_map(request, &mut Job::new()?)?;
    vm.driver_mut().log.clear();
    Ok(())
}

/// Maps an object without a trace in the log.
pub(crate) fn map_bo(
    vm: &mut OwnedVm<Steps>,
    bo: &Bo,
    address: u64,
    length: u64,
    offset: u64,
) -> Result {
    let vm_bo = vm.obtain(bo)?;
    map(vm, &MapRequest::new(address, length, &vm_bo, offset))
}
