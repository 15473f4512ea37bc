//! Keys of the findings about photos: what [`crate::photo::thresholds`] compares with.
//!
//! The start values were found on drawn photos with camera noise: photos of real phones are smoother and score lower on
//! sharpness, so they warn only, until they are fitted to decisions of reviewers.

use crate::policy::Source::{Judgement, Photos};
use crate::policy::key::parameters;

parameters! {
    // Originals 112 to 626, blurred by two pixels 14 to 73.
    PHOTO_SHARP_WARN: Whole(50, (0, 1000)) = "photo_sharp_warn", Sharpness, ["INS-33"], Photos,
        "Below this sharpness a photo is called blurred", "低于此清晰度视为模糊";
    // Blurred by four pixels 4 to 12.
    PHOTO_SHARP_RETAKE: Whole(15, (0, 1000)) = "photo_sharp_retake", Sharpness, ["INS-33"], Photos,
        "Below this sharpness a photo is worth taking again", "低于此清晰度建议重拍";
    // Originals 100 to 173, darkened to an eighth 11 to 20.
    PHOTO_DARK_WARN: Whole(40, (0, 255)) = "photo_dark_warn", Luma, ["INS-33"], Photos,
        "Below this mean brightness a photo is called dark", "低于此亮度视为过暗";
    PHOTO_DARK_RETAKE: Whole(22, (0, 255)) = "photo_dark_retake", Luma, ["INS-33"], Photos,
        "Below this mean brightness a photo is worth taking again", "低于此亮度建议重拍";
    // Originals below 10, over-exposed ones 680 to 990.
    PHOTO_BRIGHT: Whole(350, (1, 1000)) = "photo_bright_permille", Permille, ["INS-33"], Photos,
        "Above this share of burnt-out dots a photo is called over-exposed", "过曝像素占比上限";
    // What the makers of the print's model call a confident match, too.
    PHOTO_REUSE_STRONG: Whole(31, (0, 60)) = "photo_reuse_strong_bits", Bits, ["GEN-12"], Photos,
        "Up to this distance two prints are of one photo, as good as certainly", "几乎可确定为同一照片的差异上限";
    // Different photos were at least 82 apart, re-used ones with a crop of 3 % at most 48.
    PHOTO_REUSE_PROBABLE: Whole(48, (0, 60)) = "photo_reuse_probable_bits", Bits, ["GEN-12"], Photos,
        "Up to this distance two prints are probably of one photo", "很可能为同一照片的差异上限";
    // 97.6 % of re-used photos; beyond 72 bits nothing tells two prints from chance, whatever a version says.
    PHOTO_REUSE_WEAK: Whole(60, (0, 72)) = "photo_reuse_weak_bits", Bits, ["GEN-12"], Photos,
        "Up to this distance two prints may be of one photo, if something else speaks for it", "有其他迹象时可能为同一照片的差异上限";
    // A drawn room has several hundred.
    PHOTO_MIN_DETAIL: Whole(200, (200, 5000)) = "photo_min_detail", Detail, ["GEN-12"], Judgement,
        "Below this detail a picture is a plain wall or a black frame, and its print says nothing", "低于此细节的照片不参与比对";
    PHOTO_BURST: Whole(10, (0, 240)) = "photo_burst_minutes", Minutes, ["GEN-12"], Photos,
        "Photos of one phone at one site within this time are of one piece of work", "同一手机同一地点视为同次作业的时间";
    PHOTO_WINDOW: Whole(15, (0, 1440)) = "photo_window_minutes", Minutes, ["GEN-12"], Photos,
        "So long before and after a visit its photos may be taken", "作业前后允许拍照的时间";
    PHOTO_FAR: Whole(250, (20, 100_000)) = "photo_far_m", Metres, ["GEN-12"], Photos,
        "So far from the site, beside the accuracy of both positions, a photo may be taken", "照片与现场的允许距离";
    // A phone without satellites knows its radio cell, a few hundred metres in a town.
    PHOTO_ACCURACY: Whole(1000, (20, 10_000)) = "photo_accuracy_m", Metres, ["GEN-12"], Judgement,
        "A position less accurate than this is none", "定位精度下限";
}
