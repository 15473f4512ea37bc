//! What the value of a key counts.

macro_rules! units {
    ($($(#[$doc:meta])* $name:ident = $en:literal, $zh:literal;)+) => {
        /// Unit of a value.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Unit { $($(#[$doc])* $name,)+ }

        impl Unit {
            /// In English; empty where the value needs no unit.
            #[must_use]
            pub const fn en(self) -> &'static str {
                match self { $(Self::$name => $en,)+ }
            }

            /// In Chinese; empty where the value needs no unit.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$name => $zh,)+ }
            }
        }
    };
}

units! {
    /// Codes, flags, times: what needs none.
    None = "", "";
    /// Things counted.
    Count = "times", "次";
    /// Persons.
    People = "customers", "户";
    /// Elapsed minutes.
    Minutes = "minutes", "分钟";
    /// Elapsed hours (GEN-02).
    Hours = "hours", "小时";
    /// Hours of the working time (rulebook 1.6).
    WorkingHours = "working hours", "工作小时";
    /// Days; the event day is day 0 (GEN-02).
    Days = "days", "天";
    /// Working days; the event day is not counted (GEN-03).
    WorkingDays = "working days", "工作日";
    /// Calendar months (GEN-04).
    Months = "months", "个月";
    /// Years.
    Years = "years", "年";
    /// Day of a calendar period, counted from 1; of a week from Monday.
    DayOfPeriod = "day of the period", "周期第几日";
    /// Metres.
    Metres = "m", "米";
    /// Millimetres.
    Millimetres = "mm", "毫米";
    /// Hundredths.
    Percent = "percent", "百分比";
    /// Thousandths.
    Permille = "permille", "千分比";
    /// Share of a whole: 0.85 is 85 %.
    Share = "share of 1", "比例";
    /// Points of a score.
    Points = "points", "分";
    /// Level on a scale.
    Level = "level", "级";
    /// Power over a milliwatt.
    Dbm = "dBm", "dBm";
    /// Kilovolt.
    Kilovolt = "kV", "千伏";
    /// Megohm.
    Megohm = "megohm", "兆欧";
    /// Money, whole yuan.
    Yuan = "yuan", "元";
    /// Money, fen.
    Fen = "fen", "分钱";
    /// Bits of 256 in which two prints differ.
    Bits = "bits of 256", "位（共 256 位）";
    /// Mean brightness, 0 to 255.
    Luma = "luma", "亮度";
    /// Variance of the Laplacian in the 90th percentile of the tiles.
    Sharpness = "sharpness", "清晰度";
    /// Hundredths of the mean step between neighbours of a picture of 64 by 64 dots.
    Detail = "hundredths of detail", "细节（百分之一）";
}
