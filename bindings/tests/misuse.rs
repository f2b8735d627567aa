// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! What C documents as forbidden, and does not compile here.
//!
//! Never compiled as a whole: for each part, `misuse` compiles what stands above the first one,
//! then the part. A part that is accepted shows that those beside it are refused for no other
//! reason than the one that it names.

use drm_gpuvm::*;
use kernel::{prelude::*, sync::aref::ARef};

// Accepted: an operation is completed
pub fn map<'op, D: Driver<MappingData = ()>>(
    op: OpMap<'op, D>,
    memory: NewMapping<D>,
) -> Result<Mapped<'op, D>> {
    op.insert(memory, ())
}

// Refused: E0308: an operation is not completed
pub fn map<'op, D: Driver>(op: OpMap<'op, D>) -> Result<Mapped<'op, D>> {
    let _ = op.address();
    Ok(())
}

// Refused: E0423: a proof is made by hand
pub fn map<'op, D: Driver>(_op: OpMap<'op, D>) -> Result<Mapped<'op, D>> {
    Ok(Mapped(core::marker::PhantomData))
}

// Refused: lifetime may not live long enough: the proof of another operation is returned
pub fn map<'op, 'other, D: Driver>(
    _op: OpMap<'op, D>,
    proof: Mapped<'other, D>,
) -> Result<Mapped<'op, D>> {
    Ok(proof)
}

// Refused: E0521: a proof is kept for later
pub fn map<'op, D: Driver<MappingData = ()>>(
    op: OpMap<'op, D>,
    memory: NewMapping<D>,
    kept: &mut Option<Mapped<'static, D>>,
) {
    *kept = op.insert(memory, ()).ok();
}

// Refused: E0382: an operation is completed twice
pub fn map<'op, D: Driver<MappingData = ()>>(
    op: OpMap<'op, D>,
    memory: [NewMapping<D>; 2],
) -> Result<Mapped<'op, D>> {
    let [first, second] = memory;
    op.insert(first, ())?;
    op.insert(second, ())
}

// Refused: E0308: an unmap is returned as a remap
pub fn remap<'op, D: Driver>(op: OpUnmap<'op, D>) -> Result<Remapped<'op, D>> {
    Ok(op.remove().0)
}

// Accepted: what is looked at before a removal
pub fn unmap<'op, D: Driver>(op: OpUnmap<'op, D>) -> (u64, Unmapped<'op, D>) {
    let address = op.mapping().address();
    (address, op.remove().0)
}

// Refused: E0505: a mapping is used after its removal
pub fn unmap<'op, D: Driver>(op: OpUnmap<'op, D>) -> (u64, Unmapped<'op, D>) {
    let mapping = op.mapping();
    let (proof, _removed) = op.remove();
    (mapping.address(), proof)
}

// Accepted: a mapping is used before the VM changes
pub fn find<D: Driver>(vm: &mut OwnedVm<D>, context: &mut D::Context<'_>) -> Result<u64> {
    let address = vm.find(0, 4).ok_or(ENOENT)?.address();
    vm.sm_unmap(0, 4, context)?;
    Ok(address)
}

// Refused: E0502: a mapping is used after the VM changed
pub fn find<D: Driver>(vm: &mut OwnedVm<D>, context: &mut D::Context<'_>) -> Result<u64> {
    let mapping = vm.find(0, 4).ok_or(ENOENT)?;
    vm.sm_unmap(0, 4, context)?;
    Ok(mapping.address())
}

// Refused: E0502: the VM changes during a walk
pub fn walk<D: Driver>(vm: &mut OwnedVm<D>, context: &mut D::Context<'_>) -> Result {
    for mapping in vm.iter() {
        vm.sm_unmap(mapping.address(), mapping.length(), context)?;
    }
    Ok(())
}

// Refused: E0596: a VM is changed by who only shares it
pub fn change<D: Driver>(vm: &OwnedVm<D>, context: &mut D::Context<'_>) -> Result {
    vm.sm_unmap(0, 4, context)
}

// Refused: E0308: a VM has two owners
pub fn second<D: Driver>(vm: &OwnedVm<D>) -> OwnedVm<D> {
    vm.clone()
}

// Refused: E0308: a pair of another driver's VM is mapped
pub fn foreign<A: Driver, B: Driver>(
    vm: &mut OwnedVm<A>,
    pair: &VmBo<B>,
    context: &mut A::Context<'_>,
) -> Result {
    vm.sm_map(&MapRequest::new(0, 4, pair, 0), context)
}

// Refused: E0505: a pair goes before its request
pub fn request<D: Driver>(
    vm: &mut OwnedVm<D>,
    pair: ARef<VmBo<D>>,
    context: &mut D::Context<'_>,
) -> Result {
    let request = MapRequest::new(0, 4, &pair, 0);
    drop(pair);
    vm.sm_map(&request, context)
}

// Accepted: a plan is carried out, and then the VM changes
pub fn plan<D: Driver>(vm: &mut OwnedVm<D>, context: &mut D::Context<'_>) -> Result {
    vm.unmap_ops(0, 4)?.carry_out(context)?;
    vm.sm_unmap(4, 4, context)
}

// Refused: E0499: a plan is carried out after the VM changed
pub fn plan<D: Driver>(vm: &mut OwnedVm<D>, context: &mut D::Context<'_>) -> Result {
    let plan = vm.unmap_ops(0, 4)?;
    vm.sm_unmap(0, 8, context)?;
    plan.carry_out(context)
}

// Refused: E0382: a plan is carried out twice
pub fn plan<D: Driver>(vm: &mut OwnedVm<D>, context: &mut D::Context<'_>) -> Result {
    let plan = vm.unmap_ops(0, 4)?;
    plan.carry_out(context)?;
    plan.carry_out(context)
}

// Refused: E0505: an operation of a plan is looked at after it was carried out
pub fn plan<D: Driver>(vm: &mut OwnedVm<D>, context: &mut D::Context<'_>) -> Result<usize> {
    let plan = vm.unmap_ops(0, 4)?;
    let ops = plan.iter();
    plan.carry_out(context)?;
    Ok(ops.count())
}

// Refused: E0505: a mapping of an object is used after its lock
pub fn linked<D: Driver>(pair: &VmBo<D>) -> Option<u64> {
    let locked = pair.lock();
    let mapping = locked.iter().next();
    drop(locked);
    mapping.map(|va| va.address())
}

// Refused: E0499: a VM is locked twice by one context
pub fn lock<D: Driver>(exec: &mut Exec<'_, D>) -> Result {
    let first = exec.lock()?;
    let _second = exec.lock()?;
    first.validate()
}

// Refused: E0505: a context goes before its locks
pub fn lock<D: Driver>(mut exec: Exec<'_, D>) -> Result {
    let locked = exec.lock()?;
    drop(exec);
    locked.validate()
}

// Refused: cannot be sent between threads safely: another thread unlocks
pub fn lock<D: Driver>(exec: &mut Exec<'_, D>) -> Result {
    fn send<T: Send>(_: T) {}
    send(exec.lock()?);
    Ok(())
}

// Refused: E0505: a VM goes before what locks it
pub fn lock<D: Driver>(vm: OwnedVm<D>) -> Result {
    let mut exec = Exec::new(&vm, 0)?;
    drop(vm);
    let locked = exec.lock()?;
    locked.validate()
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
