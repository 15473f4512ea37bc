//! Closed sets of codes: an enum, its codes, and the way back.

/// A closed set of codes of the rulebook.
pub(super) trait Coded: Copy + 'static {
    /// Every value, in the order of the rulebook.
    const ALL: &'static [Self];

    /// The code of the value.
    fn code(self) -> &'static str;

    /// The value of a code.
    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.code() == code)
    }
}

/// Declares an enum with the codes of its values.
macro_rules! coded {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$meaning:meta])* $value:ident = $code:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$meaning])* $value,)+ }

        impl $name {
            /// Its code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$value => $code,)+ }
            }

            /// The value of a code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                <Self as $crate::formulas::Coded>::from_code(code)
            }
        }

        impl $crate::formulas::Coded for $name {
            const ALL: &'static [Self] = &[$(Self::$value,)+];

            fn code(self) -> &'static str {
                self.code()
            }
        }
    };
}

pub(super) use coded;
