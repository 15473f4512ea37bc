//! How far two positions are from each other, in whole numbers, so that every machine says the same.

/// Mean radius of the earth.
///
/// # Units
/// Metres.
/// # Source
/// IUGG mean radius R1.
const RADIUS_M: u128 = 6_371_009;

/// One, as the angles here write it.
const ONE: i128 = 1 << 40;

/// Millionths of a degree in half a turn.
const HALF_TURN_UDEG: i64 = 180_000_000;

/// π in units of [`ONE`], rounded.
const PI: i128 = 3_454_217_652_358;

/// Whether latitude and longitude are those of a place.
///
/// # Units
/// Millionths of a degree.
#[must_use]
pub fn is_position((lat, lon): (i64, i64)) -> bool {
    let half_turn = HALF_TURN_UDEG.unsigned_abs();
    lat.unsigned_abs() <= half_turn / 2 && lon.unsigned_abs() <= half_turn
}

/// The straight line between two positions on the sphere: below the way along the ground by 8 m at
/// 200 km, and by less than a metre up to 90 km.
///
/// # Units
/// Millionths of a degree in, metres out.
///
/// # Errors
/// `None` for what is no position.
#[must_use]
pub fn distance_m(one: (i64, i64), other: (i64, i64)) -> Option<i64> {
    if !is_position(one) || !is_position(other) {
        return None;
    }
    // Below half a turn each, so both signs of a difference fit, and going around the back is the same half-angle sine.
    let half_lat = sine(angle(one.0 - other.0) / 2);
    let half_lon = sine(angle(one.1 - other.1) / 2);
    let cosines = cosine(one.0) * cosine(other.0) / ONE;
    let square = half_lat * half_lat + half_lon * half_lon * cosines / ONE;
    let root = u128::try_from(square).ok()?.isqrt();
    i64::try_from(2 * RADIUS_M * root / ONE.unsigned_abs()).ok()
}

/// Millionths of a degree as an angle in units of [`ONE`].
fn angle(udeg: i64) -> i128 {
    i128::from(udeg) * PI / i128::from(HALF_TURN_UDEG)
}

fn cosine(udeg: i64) -> i128 {
    sine(PI / 2 - angle(udeg))
}

/// The sine of an angle between minus and plus half a turn, by its series.
fn sine(angle: i128) -> i128 {
    // Beyond a quarter turn the series is slow; the sine runs back.
    let quarter = PI / 2;
    let angle = if angle > quarter { PI - angle } else { angle };
    let angle = if angle < -quarter { -PI - angle } else { angle };
    let square = angle * angle / ONE;
    let (mut term, mut sum) = (angle, angle);
    for place in 1..12 {
        term = -term * square / ONE / (2 * place * (2 * place + 1));
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_sphere() {
        let chengdu = (30_659_462, 104_065_735);
        let degree = 111_195;
        for (from, to, expected, slack) in [
            (chengdu, chengdu, 0, 0),
            // A thousandth of a degree: along the meridian 111.2 m, along the parallel 111.2 m × cos 30.66°.
            (chengdu, (30_660_462, 104_065_735), 111, 1),
            (chengdu, (30_659_462, 104_066_735), 95, 1),
            ((0, 0), (1_000_000, 0), degree, 3),
            ((0, 0), (0, 1_000_000), degree, 3),
            // Around the back of the world, and across the pole.
            ((0, 179_999_500), (0, -179_999_500), 111, 1),
            ((89_999_000, 0), (89_999_000, 180_000_000), 222, 1),
            // Chengdu to Shanghai: 1,659,660 m along the ground by the haversine formula, its chord 1,654,971 m.
            (chengdu, (31_230_416, 121_473_701), 1_654_971, 5),
            ((90_000_000, 0), (-90_000_000, 0), 12_742_018, 10),
        ] {
            let found = distance_m(from, to).unwrap_or(-1);
            assert!((found - expected).abs() <= slack, "{from:?} to {to:?}: {found}, not {expected}");
            assert_eq!(distance_m(to, from), Some(found), "the way back is as long");
        }
    }

    #[test]
    fn what_is_no_position_has_no_distance() {
        for odd in [(90_000_001, 0), (0, 180_000_001), (i64::MIN, 0), (0, i64::MAX)] {
            assert_eq!(distance_m(odd, (0, 0)), None, "{odd:?}");
            assert_eq!(distance_m((0, 0), odd), None, "{odd:?}");
        }
    }
}
