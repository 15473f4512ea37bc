//! What happens without a request; jobs call use cases, exactly as handlers do.

pub mod previews;
pub mod roll_scope;
