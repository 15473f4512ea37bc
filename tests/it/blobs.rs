//! Blobs where they are kept: the same promises by a directory and by a bucket.

mod bucket;
mod storage;
