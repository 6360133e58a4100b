//! Slices between pages that nobody may touch: one element too far, read or written, is a SIGSEGV.

#![allow(unsafe_code)]

use std::{marker::PhantomData, ptr, slice};

/// Numbers of which any bits are a valid value.
pub trait Number: Copy {}
impl Number for f32 {}
impl Number for u32 {}

/// Which end of the slice touches an inaccessible page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The page before the first element.
    Front,
    /// The page behind the last element.
    Back,
}

/// A slice that touches an inaccessible page.
#[derive(Debug)]
pub struct Guarded<T: Number> {
    /// The mapping: an inaccessible page, accessible ones, an inaccessible page.
    map: *mut libc::c_void,
    map_bytes: usize,
    /// Where the slice starts, in bytes.
    offset: usize,
    len: usize,
    number: PhantomData<T>,
}

impl<T: Number> Guarded<T> {
    /// A copy of `values`, right behind or right before an inaccessible page.
    ///
    /// # Panics
    /// If the system gives no memory.
    #[must_use]
    pub fn new(side: Side, values: &[T]) -> Self {
        // SAFETY: a query without arguments that point anywhere.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        let page = usize::try_from(page).expect("the page size is positive");
        let bytes = size_of_val(values);
        let inner = bytes.next_multiple_of(page).max(page);
        let map_bytes = inner + 2 * page;
        // SAFETY: a new anonymous mapping, which aliases nothing.
        let map = unsafe {
            libc::mmap(
                ptr::null_mut(),
                map_bytes,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert!(map != libc::MAP_FAILED, "mmap of {map_bytes} bytes fails");
        // SAFETY: the pages lie inside the mapping, which is this function's own.
        let result = unsafe {
            libc::mprotect(map.byte_add(page), inner, libc::PROT_READ | libc::PROT_WRITE)
        };
        assert!(result == 0, "mprotect fails");
        let offset = match side {
            Side::Front => page,
            Side::Back => page + inner - bytes,
        };
        let mut guarded = Self { map, map_bytes, offset, len: values.len(), number: PhantomData };
        guarded.as_mut_slice().copy_from_slice(values);
        guarded
    }

    /// The numbers.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: `len` elements from `offset` on lie in the accessible pages, which live as long as
        // `self`; pages and sizes are multiples of the alignment; any bits are a valid `T`.
        unsafe { slice::from_raw_parts(self.map.byte_add(self.offset).cast(), self.len) }
    }

    /// The numbers.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as in `as_slice`, and `self` is borrowed for as long as the slice lives.
        unsafe { slice::from_raw_parts_mut(self.map.byte_add(self.offset).cast(), self.len) }
    }
}

impl<T: Number> Drop for Guarded<T> {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and slices of it cannot outlive the value.
        unsafe { libc::munmap(self.map, self.map_bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a process that reads `at` dies of it.
    fn reading_kills(at: *const f32) -> bool {
        // SAFETY: the child reads one address and leaves without running anything of the parent's;
        // the parent waits for it.
        unsafe {
            let child = libc::fork();
            assert!(child >= 0, "fork fails");
            if child == 0 {
                libc::signal(libc::SIGSEGV, libc::SIG_DFL);
                ptr::read_volatile(at);
                libc::_exit(0);
            }
            let mut status = 0;
            assert!(libc::waitpid(child, &raw mut status, 0) == child, "waitpid fails");
            libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV
        }
    }

    #[test]
    fn one_element_too_far_is_a_fault() {
        for n in [1, 16, 67, 1024, 1025] {
            let values = vec![1.5; n];
            let (front, back) =
                (Guarded::new(Side::Front, &values), Guarded::new(Side::Back, &values));
            assert_eq!((front.as_slice(), back.as_slice()), (&values[..], &values[..]));
            let range = back.as_slice().as_ptr_range();
            assert!(reading_kills(range.end), "behind {n} elements");
            assert!(!reading_kills(range.end.wrapping_sub(1)), "the last of {n} elements");
            let first = front.as_slice().as_ptr();
            assert!(reading_kills(first.wrapping_sub(1)), "before {n} elements");
            assert!(!reading_kills(first), "the first of {n} elements");
        }
    }
}
