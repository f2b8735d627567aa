// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! What C documents as forbidden, and does not compile here.
//!
//! Never compiled as a whole: for each part, `misuse` compiles what stands above the first one,
//! then the part. A part that is accepted shows that those beside it are refused for no other
//! reason than the one that it names.

use drm_gpuvm::*;
use kernel::{drm::gem::IntoGEMObject, prelude::*, sync::aref::ARef};

// Accepted: an operation is completed
pub fn map<'op, D: Operations<MappingData = ()>>(
    op: OpMap<'op, D>,
    memory: NewMapping<D>,
) -> Result<Mapped<'op, D>> {
    op.insert(memory, ())
}

// Refused: E0308: an operation is not completed
pub fn map<'op, D: Operations>(op: OpMap<'op, D>) -> Result<Mapped<'op, D>> {
    let _ = op.address();
    Ok(())
}

// Refused: E0423: a proof is made by hand
pub fn map<'op, D: Operations>(_op: OpMap<'op, D>) -> Result<Mapped<'op, D>> {
    Ok(Mapped(core::marker::PhantomData))
}

// Refused: lifetime may not live long enough: the proof of another operation is returned
pub fn map<'op, 'other, D: Operations>(
    _op: OpMap<'op, D>,
    proof: Mapped<'other, D>,
) -> Result<Mapped<'op, D>> {
    Ok(proof)
}

// Refused: E0521: a proof is kept for later
pub fn map<'op, D: Operations<MappingData = ()>>(
    op: OpMap<'op, D>,
    memory: NewMapping<D>,
    kept: &mut Option<Mapped<'static, D>>,
) {
    *kept = op.insert(memory, ()).ok();
}

// Refused: E0382: an operation is completed twice
pub fn map<'op, D: Operations<MappingData = ()>>(
    op: OpMap<'op, D>,
    memory: [NewMapping<D>; 2],
) -> Result<Mapped<'op, D>> {
    let [first, second] = memory;
    op.insert(first, ())?;
    op.insert(second, ())
}

// Refused: E0308: an unmap is returned as a remap
pub fn remap<'op, D: Operations>(op: OpUnmap<'op, D>) -> Result<Remapped<'op, D>> {
    Ok(op.remove().0)
}

// Accepted: what is looked at before a removal
pub fn unmap<'op, D: Operations>(op: OpUnmap<'op, D>) -> (u64, Unmapped<'op, D>) {
    let address = op.mapping().address();
    (address, op.remove().0)
}

// Refused: E0505: a mapping is used after its removal
pub fn unmap<'op, D: Operations>(op: OpUnmap<'op, D>) -> (u64, Unmapped<'op, D>) {
    let mapping = op.mapping();
    let (proof, _removed) = op.remove();
    (mapping.address(), proof)
}

// Accepted: a mapping is used before the VM changes
pub fn find<D: Operations>(vm: &mut OwnedVm<D>, context: &mut D::Context<'_>) -> Result<u64> {
    let address = vm.find(0, 4).ok_or(ENOENT)?.address();
    vm.sm_unmap(0, 4, context)?;
    Ok(address)
}

// Refused: E0502: a mapping is used after the VM changed
pub fn find<D: Operations>(vm: &mut OwnedVm<D>, context: &mut D::Context<'_>) -> Result<u64> {
    let mapping = vm.find(0, 4).ok_or(ENOENT)?;
    vm.sm_unmap(0, 4, context)?;
    Ok(mapping.address())
}

// Refused: E0502: the VM changes during a walk
pub fn walk<D: Operations>(vm: &mut OwnedVm<D>, context: &mut D::Context<'_>) -> Result {
    for mapping in vm.iter() {
        vm.sm_unmap(mapping.address(), mapping.length(), context)?;
    }
    Ok(())
}

// Refused: E0596: a VM is changed by who only shares it
pub fn change<D: Operations>(vm: &OwnedVm<D>, context: &mut D::Context<'_>) -> Result {
    vm.sm_unmap(0, 4, context)
}

// Refused: E0308: a VM has two owners
pub fn second<D: Driver>(vm: &OwnedVm<D>) -> OwnedVm<D> {
    vm.clone()
}

// Refused: E0308: a pair of another driver's VM is mapped
pub fn foreign<A: Operations, B: Driver>(
    vm: &mut OwnedVm<A>,
    pair: &VmBo<B>,
    context: &mut A::Context<'_>,
) -> Result {
    vm.sm_map(&MapRequest::new(0, 4, pair, 0), context)
}

// Refused: E0505: a pair goes before its request
pub fn request<D: Operations>(
    vm: &mut OwnedVm<D>,
    pair: ARef<VmBo<D>>,
    context: &mut D::Context<'_>,
) -> Result {
    let request = MapRequest::new(0, 4, &pair, 0);
    drop(pair);
    vm.sm_map(&request, context)
}

// Accepted: a plan is carried out, and then the VM changes
pub fn plan<D: Operations>(
    may: &MayAlloc,
    vm: &mut OwnedVm<D>,
    context: &mut D::Context<'_>,
) -> Result {
    vm.unmap_ops(may, 0, 4)?.carry_out(may, context)?;
    vm.sm_unmap(4, 4, context)
}

// Refused: E0499: a plan is carried out after the VM changed
pub fn plan<D: Operations>(
    may: &MayAlloc,
    vm: &mut OwnedVm<D>,
    context: &mut D::Context<'_>,
) -> Result {
    let plan = vm.unmap_ops(may, 0, 4)?;
    vm.sm_unmap(0, 8, context)?;
    plan.carry_out(may, context)
}

// Refused: E0382: a plan is carried out twice
pub fn plan<D: Operations>(
    may: &MayAlloc,
    vm: &mut OwnedVm<D>,
    context: &mut D::Context<'_>,
) -> Result {
    let plan = vm.unmap_ops(may, 0, 4)?;
    plan.carry_out(may, context)?;
    plan.carry_out(may, context)
}

// Refused: E0505: an operation of a plan is looked at after it was carried out
pub fn plan<D: Operations>(
    may: &MayAlloc,
    vm: &mut OwnedVm<D>,
    context: &mut D::Context<'_>,
) -> Result<usize> {
    let plan = vm.unmap_ops(may, 0, 4)?;
    let ops = plan.iter();
    plan.carry_out(may, context)?;
    Ok(ops.count())
}

// Refused: E0505: a mapping of an object is used after its lock
pub fn linked<D: Driver<Mode = Immediate>>(pair: &VmBo<D>) -> Option<u64> {
    let locked = pair.lock();
    let mapping = locked.iter().next();
    drop(locked);
    mapping.map(|va| va.address())
}

// Refused: E0499: a VM is locked twice by one context
pub fn lock<D: Driver>(may: &MayAlloc, exec: &mut Exec<'_, D>) -> Result {
    let first = exec.lock(may)?;
    let _second = exec.lock(may)?;
    first.validate(may)
}

// Refused: E0505: a context goes before its locks
pub fn lock<D: Driver>(may: &MayAlloc, mut exec: Exec<'_, D>) -> Result {
    let locked = exec.lock(may)?;
    drop(exec);
    locked.validate(may)
}

// Refused: cannot be sent between threads safely: another thread unlocks
pub fn lock<D: Driver>(may: &MayAlloc, exec: &mut Exec<'_, D>) -> Result {
    fn send<T: Send>(_: T) {}
    send(exec.lock(may)?);
    Ok(())
}

// Refused: E0505: a VM goes before what locks it
pub fn lock<D: Driver>(may: &MayAlloc, vm: OwnedVm<D>) -> Result {
    let mut exec = Exec::new(may, &vm, 0)?;
    drop(vm);
    let locked = exec.lock(may)?;
    locked.validate(may)
}

// Accepted: owner and memory go to another thread
pub fn send<D: Driver + Send>(vm: OwnedVm<D>, memory: NewMapping<D>, pair: ARef<VmBo<D>>) {
    fn send<T: Send>(_: T) {}
    send((vm, memory, pair));
}

// Refused: cannot be sent between threads safely: a driver that must stay goes to another thread
pub fn send<D: Driver>(vm: OwnedVm<D>) {
    fn send<T: Send>(_: T) {}
    send(vm);
}

// Accepted: memory is set aside before the fence signalling section
pub fn job<D: Operations<Context<'static> = NewMapping<D>>>(
    may: &mut MayAlloc,
    vm: &mut OwnedVm<D>,
) -> Result {
    let mut memory = NewMapping::new(may, GFP_KERNEL)?;
    may.signalling(|_section| vm.sm_unmap(0, 4, &mut memory))
}

// Refused: E0502: memory for a mapping is allocated in the section
pub fn job<D: Operations<Context<'static> = NewMapping<D>>>(
    may: &mut MayAlloc,
    vm: &mut OwnedVm<D>,
) -> Result {
    may.signalling(|_section| vm.sm_unmap(0, 4, &mut NewMapping::new(may, GFP_KERNEL)?))
}

// Refused: E0502: a pair is obtained in the section
pub fn job<D: Driver>(may: &mut MayAlloc, vm: &Vm<D>, object: &D::Object) -> Result {
    may.signalling(|_section| vm.obtain(may, object).map(|_pair| ()))
}

// Refused: E0502: memory of the index is set aside in the section
pub fn job<D: Driver>(may: &mut MayAlloc, vm: &Vm<D>) -> Result {
    may.signalling(|_section| vm.prepare_mappings(may, 64))
}

// Refused: E0502: a list is made in the section
pub fn job<D: Driver>(may: &mut MayAlloc, vm: &mut OwnedVm<D>) -> Result {
    may.signalling(|_section| vm.unmap_ops(may, 0, 4).map(|_plan| ()))
}

// Refused: E0502: a dma_resv is locked in the section
pub fn job<D: Driver>(may: &mut MayAlloc, exec: &mut Exec<'_, D>) -> Result {
    may.signalling(|_section| exec.lock(may).map(|_locked| ()))
}

// Refused: E0502: what was dropped in jobs is freed in the section
pub fn job<D: Driver>(may: &mut MayAlloc, vm: &Vm<D>) {
    may.signalling(|_section| vm.clean_up(may));
}

// Refused: E0502: a fence is waited for in the section
pub fn job(may: &mut MayAlloc, fence: &Fence) -> Result {
    may.signalling(|_section| fence.wait(may))
}

// Accepted: a bind is made, submitted and waited for
pub fn bind<D: BindDriver>(may: &mut MayAlloc, vm: &BindVm<D>) -> Result {
    let mut job = vm.job(may, 1, 0)?;
    job.add(may, &BindOp::unmap(0, 4))?;
    job.submit(may, &mut Syncs::none())?.wait(may)
}

// Refused: E0502: a bind is made in the section
pub fn bind<D: BindDriver>(may: &mut MayAlloc, vm: &BindVm<D>) -> Result {
    may.signalling(|_section| vm.job(may, 1, 0).map(|_job| ()))
}

// Refused: E0502: an operation joins a bind in the section
pub fn bind<D: BindDriver>(may: &mut MayAlloc, mut job: BindJob<'_, D>) -> Result {
    may.signalling(|_section| job.add(may, &BindOp::unmap(0, 4)))
}

// Refused: E0502: a bind is submitted in the section
pub fn bind<D: BindDriver>(may: &mut MayAlloc, job: BindJob<'_, D>) -> Result {
    may.signalling(|_section| Ok(drop(job.submit(may, &mut Syncs::none())?)))
}

// Refused: E0502: a bind is waited for in the section
pub fn bind<D: BindDriver>(may: &mut MayAlloc, queued: &QueuedBind<'_, D>) -> Result {
    may.signalling(|_section| queued.wait(may))
}

// Refused: E0502: a VM is locked for a job in the section
pub fn bind<D: BindDriver>(may: &mut MayAlloc, vm: &BindVm<D>) -> Result {
    may.signalling(|_section| vm.lock_for_job(may).map(|_locked| ()))
}

// Refused: E0502: objects get their memory in the section
pub fn bind<D: BindDriver>(may: &mut MayAlloc, locked: &JobLock<'_, D>) -> Result {
    may.signalling(|_section| locked.validate(may))
}

// Refused: E0502: a VM that takes binds is closed in the section
pub fn bind<D: BindDriver>(may: &mut MayAlloc, vm: &BindVm<D>) {
    may.signalling(|_section| vm.close(may));
}

// Refused: E0502: syncobjs are looked up in the section
pub fn syncs<F: kernel::drm::file::DriverFile>(
    may: &mut MayAlloc,
    file: &kernel::drm::File<F>,
) -> Result {
    may.signalling(|_section| Syncs::new(may, file, &[SyncPoint::wait(1, 0)]).map(|_syncs| ()))
}

// Refused: E0502: a workqueue is made in the section
pub fn queue(may: &mut MayAlloc) -> Result {
    may.signalling(|_section| Workqueue::new(may, c"in-vain").map(|_queue| ()))
}

// Accepted: what may allocate runs outside of the section, whatever it carries along
pub fn outside<'a, D: Operations<Context<'a> = &'a MayAlloc>>(
    may: &'a mut MayAlloc,
    vm: &mut OwnedVm<D>,
) -> Result {
    let mut context: &'a MayAlloc = may;
    vm.sm_unmap(0, 4, &mut context)
}

// Refused: E0502: the right to allocate is smuggled into the section, in what the driver gets
pub fn smuggle<'a, D: Operations<Context<'a> = &'a MayAlloc>>(
    may: &'a mut MayAlloc,
    vm: &mut OwnedVm<D>,
    context: &mut &'a MayAlloc,
) -> Result {
    *context = may;
    may.signalling(|_section| vm.sm_unmap(0, 4, context))
}

// Refused: cannot be sent between threads safely: the right to allocate goes to another thread
pub fn elsewhere(may: MayAlloc) {
    fn send<T: Send>(_: T) {}
    send(may);
}

// Refused: E0521: the section is kept after its end
pub fn kept(may: &mut MayAlloc, kept: &mut Option<&'static Signalling<'static>>) {
    may.signalling(|section| *kept = Some(section));
}

// Refused: E0061: a fence is signalled outside of a section
pub fn signal(duty: Duty) {
    duty.signal(Ok(()));
}

// Refused: E0382: a fence is signalled twice
pub fn signal(section: &Signalling<'_>, duty: Duty) {
    duty.signal(section, Ok(()));
    duty.signal(section, Err(EIO));
}

// Accepted: in deferred mode a list is committed, then read
pub fn commit<D: Driver<Mode = Deferred, MappingData = ()>>(
    may: &MayAlloc,
    vm: &mut OwnedVm<D>,
    locked: &mut Locked<'_, '_, D>,
) -> Result<usize> {
    let ready = vm.unmap_ops(may, 0, 4)?.prepare(may, |_| Ok(()))?;
    let committed = ready.commit(locked)?;
    Ok(committed.iter().count())
}

// Refused: E0599: a VM in deferred mode changes in a job
pub fn change<D: Driver<Mode = Deferred>>(vm: &mut OwnedVm<D>) -> Result {
    vm.sm_unmap(0, 4, &mut ())
}

// Refused: E0599: a list is carried out by the functions of immediate mode
pub fn change<D: Driver<Mode = Deferred>>(may: &MayAlloc, plan: Plan<'_, D>) -> Result {
    plan.carry_out(may, &mut ())
}

// Refused: E0599: a list of immediate mode is prepared for a commit
pub fn change<D: Operations<MappingData = ()>>(may: &MayAlloc, plan: Plan<'_, D>) -> Result {
    plan.prepare(may, |_| Ok(())).map(|_ready| ())
}

// Refused: E0599: in deferred mode mappings are looked at under the mutex of immediate mode
pub fn look<D: Driver<Mode = Deferred>>(pair: &VmBo<D>) -> usize {
    pair.lock().iter().count()
}

// Refused: E0599: in immediate mode mappings are looked at under a dma_resv
pub fn look<D: Operations>(locked: &Locked<'_, '_, D>, pair: &VmBo<D>) -> Result<usize> {
    Ok(locked.mappings(pair)?.count())
}

// Refused: E0502: a mapping of an object is used after a commit under the same lock
pub fn look<D: Driver<Mode = Deferred>>(
    ready: Prepared<'_, D>,
    locked: &mut Locked<'_, '_, D>,
    pair: &VmBo<D>,
) -> Result<Option<u64>> {
    let mapping = locked.mappings(pair)?.next();
    let _committed = ready.commit(locked)?;
    Ok(mapping.map(|va| va.address()))
}

// Refused: E0499: the VM changes between a list and its commit
pub fn between<D: Driver<Mode = Deferred, MappingData = ()>>(
    may: &MayAlloc,
    vm: &mut OwnedVm<D>,
    locked: &mut Locked<'_, '_, D>,
) -> Result {
    let ready = vm.unmap_ops(may, 0, 4)?.prepare(may, |_| Ok(()))?;
    vm.clear(may);
    ready.commit(locked).map(|_committed| ())
}

// Refused: E0382: a list is committed twice
pub fn twice<D: Driver<Mode = Deferred>>(
    ready: Prepared<'_, D>,
    locked: &mut Locked<'_, '_, D>,
) -> Result {
    let _first = ready.commit(locked)?;
    let _second = ready.commit(locked)?;
    Ok(())
}

// Refused: E0505: an operation is looked at after its list
pub fn after<D: Driver<Mode = Deferred>>(committed: Committed<D>) -> usize {
    let ops = committed.iter();
    drop(committed);
    ops.count()
}

// Refused: E0271: objects of one mode are mapped in VMs of the other
pub struct Mixed<O>(core::marker::PhantomData<O>);

impl<O> Driver for Mixed<O>
where
    O: IntoGEMObject
        + core::ops::Deref<Target: GpuvaObject<Mode = Immediate>>
        + Send
        + Sync
        + 'static,
{
    type Object = O;
    type MappingData = ();
    type VmBoData = ();
    type Mode = Deferred;
    type Lists = CoreLock;
}

// Refused: E0277: a mode of one's own
pub enum Sometimes {}

impl Mode for Sometimes {}

// Refused: E0505: a proof that an object is locked outlives the lock
pub fn held<'a, D: Driver>(locked: Locked<'_, '_, D>, pair: &'a VmBo<D>) -> Result<bool> {
    let held = locked.held(pair)?;
    drop(locked);
    Ok(held.is_evicted())
}
