// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! GPU virtual memory: the safe layer over the C core `drm_gpuvm`.
//!
//! A VM has one owner, [`OwnedVm`]; whoever has `&mut` of it may change what is mapped, which is
//! the lock around all changes that the C core asks its users for. Everybody else has references to
//! the [`Vm`], and to [`VmBo`], the pair of a VM and an object.
//!
//! When the VM changes, the driver's types say. In [`Immediate`] mode it changes in the job that
//! changes the page tables, in the fence signalling section. So nothing that runs there allocates.
//! What will be inserted is set aside before, as a [`NewMapping`], and what was removed comes back as
//! a [`RemovedMapping`], to be freed or used again afterwards. In [`Deferred`] mode it changes when
//! the job is submitted, by lists that are [`Prepared`] first, and the job reads a [`Committed`] list.
//!
//! What allocates, or waits for who does, wants to see a [`MayAlloc`], which nobody has in the fence
//! signalling section.
//!
//! Splitting and merging works as in C: the core calls [`Operations::map`],
//! [`Operations::remap`] and [`Operations::unmap`], and the driver does what the operation says. In C it may forget to, or do half
//! of it. Here it can return `Ok` only with the proof that it gets for completing the very operation
//! that it was given.
//!
//! # Examples
//!
//! A driver that keeps no data of its own, and maps one piece of an object:
//!
//! ```
//! use core::ops::Deref;
//! use drm_gpuvm::*;
//! use kernel::{drm::gem::IntoGEMObject, prelude::*};
//!
//! struct Plain<O>(core::marker::PhantomData<O>);
//!
//! /// One job's memory: the most that one map can need.
//! struct Reserve<D: Driver>([Option<NewMapping<D>>; 3]);
//!
//! impl<D: Driver> Reserve<D> {
//!     fn take(&mut self) -> Result<NewMapping<D>> {
//!         self.0.iter_mut().find_map(Option::take).ok_or(ENOMEM)
//!     }
//! }
//!
//! impl<O> Driver for Plain<O>
//! where
//!     O: IntoGEMObject + Deref<Target: GpuvaObject<Mode = Immediate>> + Send + Sync + 'static,
//! {
//!     type Object = O;
//!     type MappingData = ();
//!     type VmBoData = ();
//!     type Mode = Immediate;
//!     type Lists = CoreLock;
//! }
//!
//! impl<O> Operations for Plain<O>
//! where
//!     O: IntoGEMObject + Deref<Target: GpuvaObject<Mode = Immediate>> + Send + Sync + 'static,
//! {
//!     type Context<'ctx> = Reserve<Self>;
//!
//!     fn map<'op>(
//!         &mut self,
//!         op: OpMap<'op, Self>,
//!         job: &mut Reserve<Self>,
//!     ) -> Result<Mapped<'op, Self>> {
//!         // Here the page tables are written.
//!         op.insert(job.take()?, ())
//!     }
//!
//!     fn remap<'op>(
//!         &mut self,
//!         op: OpRemap<'op, Self>,
//!         job: &mut Reserve<Self>,
//!     ) -> Result<Remapped<'op, Self>> {
//!         let (done, _cut) = op.replace([job.take()?, job.take()?], |_, _| ())?;
//!         Ok(done)
//!     }
//!
//!     fn unmap<'op>(
//!         &mut self,
//!         op: OpUnmap<'op, Self>,
//!         _job: &mut Reserve<Self>,
//!     ) -> Result<Unmapped<'op, Self>> {
//!         let (done, _removed) = op.remove();
//!         Ok(done)
//!     }
//! }
//!
//! fn map_a_page<O>(vm: &mut OwnedVm<Plain<O>>, object: &O) -> Result
//! where
//!     O: IntoGEMObject + Deref<Target: GpuvaObject<Mode = Immediate>> + Send + Sync + 'static,
//! {
//!     let may = MayAlloc::here();
//!     let vm_bo = vm.obtain(&may, object)?;
//!     let mut job = Reserve([
//!         Some(NewMapping::new(&may, GFP_KERNEL)?),
//!         Some(NewMapping::new(&may, GFP_KERNEL)?),
//!         Some(NewMapping::new(&may, GFP_KERNEL)?),
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
mod deferred;
mod driver;
mod exec;
mod fence;
mod locked;
#[cfg(CONFIG_DRM)]
mod lru;
mod mapping;
mod mode;
mod op_list;
mod ops;
mod owned;
mod request;
mod section;
#[cfg(CONFIG_DRM)]
mod sync;
#[cfg(CONFIG_DRM)]
mod userptr;
mod views;
mod vm;
mod vm_bo;
mod walk;
#[cfg(CONFIG_DRM)]
mod workqueue;

#[cfg(CONFIG_DRM)]
pub use bind::{BindArgs, BindGuard, BindState, BindVm, OwnedBindVm};
#[cfg(CONFIG_DRM)]
pub use bind_driver::{BindDriver, Section};
#[cfg(CONFIG_DRM)]
pub use bind_job::{BindJob, QueuedBind, Unsubmitted};
#[cfg(CONFIG_DRM)]
pub use bind_lock::{BindHeld, JobLock};
#[cfg(CONFIG_DRM)]
pub use bind_op::{BindKind, BindMapping, BindOp};
pub use deferred::{Committed, Planned, Prepared};
pub use driver::{Driver, Operations};
pub use exec::{Exec, Prepare};
pub use fence::{Duty, Fence, Usage};
pub use locked::{Held, Locked};
#[cfg(CONFIG_DRM)]
pub use lru::{Lru, LruDriver, LruEntry, LruStats};
pub use mapping::{Mapping, NewMapping, RemovedMapping};
pub use mode::{CoreLock, Deferred, GpuvaObject, Immediate, Lists, Mode, VmResv};
pub use op_list::{Op, OpIter, Plan, Prefetch};
pub use ops::{Cut, Mapped, OpMap, OpRemap, OpUnmap, Remapped, Unmapped};
pub use owned::OwnedVm;
pub use request::MapRequest;
pub use section::{MayAlloc, Signalling};
#[cfg(CONFIG_DRM)]
pub use sync::{SyncPoint, Syncs};
#[cfg(CONFIG_DRM)]
pub use userptr::{UserPages, Userptr, UserptrArgs};
pub use views::{MapView, Piece, RemapView, UnmapView};
pub use vm::{Vm, VmArgs};
pub use vm_bo::{Linked, LinkedMappings, VmBo};
pub use walk::Mappings;
#[cfg(CONFIG_DRM)]
pub use workqueue::{Workqueue, WorkqueueUser};
