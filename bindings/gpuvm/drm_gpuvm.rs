// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! GPU virtual memory: the safe layer over the C core `drm_gpuvm`.
//!
//! A VM has one owner, [`OwnedVm`]; whoever has `&mut` of it may change what is mapped, which is
//! the lock around all changes that the C core asks its users for. Everybody else has references to
//! the [`Vm`], and to [`VmBo`], the pair of a VM and an object.
//!
//! The VM is in immediate mode: it changes in the job that changes the page tables, in the fence
//! signalling section. So nothing that runs there allocates. What will be inserted is set aside
//! before, as a [`NewMapping`], and what was removed comes back as a [`RemovedMapping`], to be freed
//! or used again afterwards. The mode in which a VM changes when a job is submitted is not offered
//! yet, and neither is the bind layer.
//!
//! Splitting and merging works as in C: the core calls [`Driver::map`], [`Driver::remap`] and
//! [`Driver::unmap`], and the driver does what the operation says. In C it may forget to, or do half
//! of it. Here it can return `Ok` only with the proof that it gets for completing the very operation
//! that it was given.
//!
//! # Examples
//!
//! A driver that keeps no data of its own, and maps one piece of an object:
//!
//! ```
//! use drm_gpuvm::{Driver, MapRequest, Mapped, NewMapping, OpMap, OpRemap, OpUnmap, OwnedVm};
//! use drm_gpuvm::{Remapped, Unmapped};
//! use kernel::{drm::gem::IntoGEMObject, prelude::*};
//!
//! struct Plain<O>(core::marker::PhantomData<O>);
//!
//! /// One job's memory: the most that one map can need.
//! struct Reserve<O: IntoGEMObject + Send + Sync + 'static>([Option<NewMapping<Plain<O>>>; 3]);
//!
//! impl<O: IntoGEMObject + Send + Sync + 'static> Reserve<O> {
//!     fn take(&mut self) -> Result<NewMapping<Plain<O>>> {
//!         self.0.iter_mut().find_map(Option::take).ok_or(ENOMEM)
//!     }
//! }
//!
//! impl<O: IntoGEMObject + Send + Sync + 'static> Driver for Plain<O> {
//!     type Object = O;
//!     type MappingData = ();
//!     type VmBoData = ();
//!     type Context<'ctx> = Reserve<O>;
//!
//!     fn map<'op>(
//!         &mut self,
//!         op: OpMap<'op, Self>,
//!         job: &mut Reserve<O>,
//!     ) -> Result<Mapped<'op, Self>> {
//!         // Here the page tables are written.
//!         op.insert(job.take()?, ())
//!     }
//!
//!     fn remap<'op>(
//!         &mut self,
//!         op: OpRemap<'op, Self>,
//!         job: &mut Reserve<O>,
//!     ) -> Result<Remapped<'op, Self>> {
//!         let (done, _cut) = op.replace([job.take()?, job.take()?], |_, _| ())?;
//!         Ok(done)
//!     }
//!
//!     fn unmap<'op>(
//!         &mut self,
//!         op: OpUnmap<'op, Self>,
//!         _job: &mut Reserve<O>,
//!     ) -> Result<Unmapped<'op, Self>> {
//!         let (done, _removed) = op.remove();
//!         Ok(done)
//!     }
//! }
//!
//! fn map_a_page<O: IntoGEMObject + Send + Sync + 'static>(
//!     vm: &mut OwnedVm<Plain<O>>,
//!     object: &O,
//! ) -> Result {
//!     let vm_bo = vm.obtain(object)?;
//!     let mut job = Reserve([
//!         Some(NewMapping::new(GFP_KERNEL)?),
//!         Some(NewMapping::new(GFP_KERNEL)?),
//!         Some(NewMapping::new(GFP_KERNEL)?),
//!     ]);
//!     vm.sm_map(&MapRequest::new(0x1000, 0x1000, &vm_bo, 0), &mut job)
//! }
//! # fn main() {}
//! ```

// `no_std` comes from the command line, as for all Rust of the kernel.
#![deny(
    clippy::missing_safety_doc,
    clippy::undocumented_unsafe_blocks,
    missing_docs,
    rustdoc::broken_intra_doc_links,
    unreachable_pub,
    unsafe_op_in_unsafe_fn
)]

// What binds stand on is not in the program that bindings/host makes of the rest.
#[cfg(CONFIG_DRM)]
mod bind;
#[cfg(CONFIG_DRM)]
mod bind_driver;
#[cfg(CONFIG_DRM)]
mod bind_job;
#[cfg(CONFIG_DRM)]
mod bind_lock;
#[cfg(CONFIG_DRM)]
mod bind_op;
mod driver;
mod exec;
#[cfg(CONFIG_DRM)]
mod fence;
mod mapping;
mod op_list;
mod ops;
mod request;
#[cfg(CONFIG_DRM)]
mod sync;
mod vm;
mod vm_bo;
#[cfg(CONFIG_DRM)]
mod workqueue;

#[cfg(CONFIG_DRM)]
pub use bind::{BindArgs, BindGuard, BindState, BindVm, OwnedBindVm};
#[cfg(CONFIG_DRM)]
pub use bind_driver::{BindDriver, BindMode, Deferred, Immediate, Section};
#[cfg(CONFIG_DRM)]
pub use bind_job::{BindJob, QueuedBind, Unsubmitted};
#[cfg(CONFIG_DRM)]
pub use bind_lock::JobLock;
#[cfg(CONFIG_DRM)]
pub use bind_op::{BindKind, BindMapping, BindOp};
pub use driver::Driver;
pub use exec::{Exec, Locked};
#[cfg(CONFIG_DRM)]
pub use fence::Fence;
pub use mapping::{Mapping, NewMapping, RemovedMapping};
pub use op_list::{Op, OpIter, Plan, Prefetch};
pub use ops::{
    Cut, MapView, Mapped, OpMap, OpRemap, OpUnmap, Piece, RemapView, Remapped, UnmapView, Unmapped,
};
pub use request::MapRequest;
#[cfg(CONFIG_DRM)]
pub use sync::{SyncPoint, Syncs};
pub use vm::{Mappings, OwnedVm, Vm, VmArgs};
pub use vm_bo::{Linked, LinkedMappings, VmBo};
#[cfg(CONFIG_DRM)]
pub use workqueue::{Workqueue, WorkqueueUser};
