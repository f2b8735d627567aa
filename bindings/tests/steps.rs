// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Drivers of VMs: one that writes down what it is asked to do before it does it, and one whose VMs
//! change when a job is submitted.

use core::{
    marker::PhantomData,
    sync::atomic::{AtomicUsize, Ordering},
};

use drm_gpuvm::{
    Committed, CoreLock, Deferred, Driver, Exec, Held, Immediate, Lists, MapRequest, Mapped,
    MayAlloc, NewMapping, OpMap, OpRemap, OpUnmap, Operations, OwnedVm, Planned, Remapped,
    Unmapped, VmArgs,
};
use kernel::prelude::*;

use crate::{
    text::{text_of, Text},
    world::BoOf,
};

/// How many values of [`Counted`] there are.
pub(crate) static COUNTED: AtomicUsize = AtomicUsize::new(0);

/// How often a driver was asked to validate something.
pub(crate) static VALIDATED: AtomicUsize = AtomicUsize::new(0);

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

fn validate(name: u8, evicted: bool) -> Result {
    VALIDATED.fetch_add(1, Ordering::Relaxed);
    // Who is asked is asked because of that.
    if name == b'X' || !evicted {
        return Err(EIO);
    }
    Ok(())
}

/// A driver that cases may be about, in either mode.
pub(crate) trait TestDriver:
    Driver<Object = BoOf<<Self as Driver>::Mode>, MappingData = Counted, VmBoData = Counted>
{
    fn make(may: &MayAlloc, args: VmArgs, resv: &Self::Object) -> Result<OwnedVm<Self>>;

    /// Maps what is asked for, without a trace.
    fn map(vm: &mut OwnedVm<Self>, request: &MapRequest<'_, Self>) -> Result;

    /// Unmaps a range, without a trace.
    fn unmap(vm: &mut OwnedVm<Self>, address: u64, length: u64) -> Result;
}

/// A driver of VMs in immediate mode: its steps as text.
pub(crate) struct Steps<L: Lists = CoreLock> {
    pub(crate) log: Text,
    /// The step that fails, if any, counted down.
    pub(crate) fail_at: Option<usize>,
    _lists: PhantomData<fn(L)>,
}

impl<L: Lists> Steps<L> {
    fn step(&mut self, what: impl core::fmt::Display) -> Result {
        if let Some(left) = &mut self.fail_at {
            *left = left.checked_sub(1).ok_or(EIO)?;
        }
        self.log.say("; ", what)
    }
}

/// What a job has set aside, and what it left.
pub(crate) struct Job<D: Driver = Steps> {
    spare: KVec<NewMapping<D>>,
}

impl<D: Driver> Job<D> {
    /// With the most that one request can need: two pieces for each mapping that it may cut, of
    /// which there are two, and the new one.
    pub(crate) fn new() -> Result<Self> {
        let may = MayAlloc::here();
        let mut spare = KVec::with_capacity(5, GFP_KERNEL)?;
        for _ in 0..5 {
            spare.push(NewMapping::new(&may, GFP_KERNEL)?, GFP_KERNEL)?;
        }
        Ok(Self { spare })
    }

    fn take(&mut self) -> Result<NewMapping<D>> {
        self.spare.pop().ok_or(ENOMEM)
    }

    fn give(&mut self, memory: NewMapping<D>) {
        // What does not fit goes.
        drop(self.spare.push_within_capacity(memory));
    }
}

impl<L: Lists> Driver for Steps<L> {
    type Object = BoOf<Immediate>;
    type MappingData = Counted;
    type VmBoData = Counted;
    type Mode = Immediate;
    type Lists = L;

    fn validate(_may: &MayAlloc, pair: &Held<'_, Self>) -> Result {
        validate(pair.object().name, pair.is_evicted())
    }
}

impl<L: Lists> Operations for Steps<L> {
    type Context<'ctx> = Job<Self>;

    fn map<'op>(&mut self, op: OpMap<'op, Self>, job: &mut Job<Self>) -> Result<Mapped<'op, Self>> {
        self.step(text_of(&*op))?;
        let data = Counted::new(op.address());
        op.insert(job.take()?, data)
    }

    fn remap<'op>(
        &mut self,
        op: OpRemap<'op, Self>,
        job: &mut Job<Self>,
    ) -> Result<Remapped<'op, Self>> {
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

    fn unmap<'op>(
        &mut self,
        op: OpUnmap<'op, Self>,
        job: &mut Job<Self>,
    ) -> Result<Unmapped<'op, Self>> {
        self.step(text_of(&*op))?;
        let (done, removed) = op.remove();
        job.give(removed.recycle().0);
        Ok(done)
    }
}

impl<L: Lists> TestDriver for Steps<L> {
    fn make(may: &MayAlloc, args: VmArgs, resv: &BoOf<Immediate>) -> Result<OwnedVm<Self>> {
        let steps = Self {
            log: Text::new()?,
            fail_at: None,
            _lists: PhantomData,
        };
        OwnedVm::new(may, args, resv, steps)
    }

    fn map(vm: &mut OwnedVm<Self>, request: &MapRequest<'_, Self>) -> Result {
        // As in a job: lockdep sees what is not allowed there.
        let mut job = Job::new()?;
        MayAlloc::here().signalling(|_| vm.sm_map(request, &mut job))?;
        vm.driver_mut().log.clear();
        Ok(())
    }

    fn unmap(vm: &mut OwnedVm<Self>, address: u64, length: u64) -> Result {
        let mut job = Job::new()?;
        MayAlloc::here().signalling(|_| vm.sm_unmap(address, length, &mut job))?;
        vm.driver_mut().log.clear();
        Ok(())
    }
}

/// A driver of VMs in deferred mode, which has nothing to do until the job runs.
pub(crate) struct Lazy<L: Lists = CoreLock>(PhantomData<fn(L)>);

impl<L: Lists> Driver for Lazy<L> {
    type Object = BoOf<Deferred>;
    type MappingData = Counted;
    type VmBoData = Counted;
    type Mode = Deferred;
    type Lists = L;

    fn validate(_may: &MayAlloc, pair: &Held<'_, Self>) -> Result {
        validate(pair.object().name, pair.is_evicted())
    }
}

/// The driver's data of what a list is going to make: a piece inherits it.
pub(crate) fn data_of<D: Driver<MappingData = Counted>>(new: Planned<'_, D>) -> Result<Counted> {
    Ok(Counted::new(match new {
        Planned::Map(map) => map.address(),
        Planned::Piece(old, _) => old.data().0,
    }))
}

impl<L: Lists> Lazy<L> {
    /// Maps at once, and leaves the rest to a job.
    pub(crate) fn submit_map(
        vm: &mut OwnedVm<Self>,
        request: &MapRequest<'_, Self>,
    ) -> Result<Committed<Self>> {
        let may = MayAlloc::here();
        let shared = vm.share();
        let mut exec = Exec::new(&may, &shared, 0)?;
        let mut locked = exec.lock_by(&may, |prepare| prepare.sm_map(vm, request))?;
        let plan = vm.map_ops(&may, request)?;
        plan.prepare(&may, data_of)?.commit(&mut locked)
    }

    pub(crate) fn submit_unmap(
        vm: &mut OwnedVm<Self>,
        address: u64,
        length: u64,
    ) -> Result<Committed<Self>> {
        let may = MayAlloc::here();
        let shared = vm.share();
        let mut exec = Exec::new(&may, &shared, 0)?;
        let mut locked = exec.lock_by(&may, |prepare| prepare.sm_unmap(vm, address, length))?;
        let plan = vm.unmap_ops(&may, address, length)?;
        plan.prepare(&may, data_of)?.commit(&mut locked)
    }
}

impl<L: Lists> TestDriver for Lazy<L> {
    fn make(may: &MayAlloc, args: VmArgs, resv: &BoOf<Deferred>) -> Result<OwnedVm<Self>> {
        OwnedVm::deferred(may, args, resv, Self(PhantomData))
    }

    fn map(vm: &mut OwnedVm<Self>, request: &MapRequest<'_, Self>) -> Result {
        drop(Self::submit_map(vm, request)?);
        Ok(())
    }

    fn unmap(vm: &mut OwnedVm<Self>, address: u64, length: u64) -> Result {
        drop(Self::submit_unmap(vm, address, length)?);
        Ok(())
    }
}

/// Maps without a trace.
pub(crate) fn map<D: TestDriver>(vm: &mut OwnedVm<D>, request: &MapRequest<'_, D>) -> Result {
    D::map(vm, request)
}

/// Maps an object without a trace.
pub(crate) fn map_bo<D: TestDriver>(
    vm: &mut OwnedVm<D>,
    bo: &BoOf<D::Mode>,
    address: u64,
    length: u64,
    offset: u64,
) -> Result {
    let vm_bo = vm.obtain(&MayAlloc::here(), bo)?;
    map(vm, &MapRequest::new(address, length, &vm_bo, offset))
}

/// The end of a VM, and what was left then.
pub(crate) fn close<D: Driver>(vm: OwnedVm<D>) -> usize {
    vm.close(&MayAlloc::here())
}

/// Errors are compared by their number.
pub(crate) fn errno<T>(result: Result<T>) -> i32 {
    result.map_or_else(|error| error.to_errno(), |_| 0)
}
