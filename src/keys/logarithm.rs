//! The natural logarithm, without the system's library of mathematics: every process would load it for this one function,
//! at a tenth of its memory.

use std::f64::consts::LN_2;

/// The odd powers of the series; the last is below 10^-13 of the sum.
const TERMS: i32 = 12;

/// ln x of a normal number above 0.
pub(super) fn ln(x: f64) -> f64 {
    /// The bits of the fraction of a double.
    const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = x.to_bits();
    let exponent = (bits >> FRACTION) as f64 - 1023.0;
    // x = m * 2^exponent, 1 <= m < 2, and ln m = 2 artanh z.
    let m = f64::from_bits(bits & ((1 << FRACTION) - 1) | 1.0_f64.to_bits());
    let z = (m - 1.0) / (m + 1.0);
    let series: f64 = (0..TERMS).map(|k| z.powi(2 * k + 1) / f64::from(2 * k + 1)).sum();
    exponent * LN_2 + 2.0 * series
}

#[cfg(test)]
mod tests {
    use super::ln;

    #[test]
    fn it_is_the_logarithm_that_everybody_computes() {
        for bits in 8..=20_000_u32 {
            let x = f64::from(bits) * std::f64::consts::LN_2;
            assert!((ln(x) - x.ln()).abs() < 1e-11, "{bits}: {} is not {}", ln(x), x.ln());
        }
    }
}
