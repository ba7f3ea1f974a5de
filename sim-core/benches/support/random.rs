//! Random numbers as cheap as they come: what a limit is measured with. No run uses them.

/// SplitMix64 (Steele, Lea and Flood 2014): one addition and two multiplications a draw.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    #[inline]
    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform below `bound`, from the upper half of a word.
    #[inline]
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        (((self.word() >> 32) * u64::from(bound)) >> 32) as u32
    }
}

/// Layers of the ziggurat.
const LAYERS: usize = 256;
/// Where the tail starts, for 256 layers (Marsaglia and Tsang 2000).
const TAIL: f64 = 7.697_117_470_131_05;

/// Exponential numbers with mean 1, by a ziggurat (Marsaglia and Tsang 2000).
pub(crate) struct Exponential {
    /// The right end of each layer; one more than layers, from the widest to zero.
    right: [f64; LAYERS + 1],
    /// The density there.
    density: [f64; LAYERS + 1],
}

impl Exponential {
    pub(crate) fn new() -> Self {
        let area = libm::exp(-TAIL) * (TAIL + 1.0);
        let (mut right, mut density) = ([0.0; LAYERS + 1], [0.0; LAYERS + 1]);
        right[0] = area / libm::exp(-TAIL);
        right[1] = TAIL;
        for layer in 2..LAYERS {
            right[layer] = -libm::log(area / right[layer - 1] + libm::exp(-right[layer - 1]));
        }
        for layer in 0..=LAYERS {
            density[layer] = libm::exp(-right[layer]);
        }
        Self { right, density }
    }

    #[inline]
    pub(crate) fn draw(&self, random: &mut Random) -> f64 {
        loop {
            let word = random.word();
            let layer = word as usize % LAYERS;
            let at = (word >> 11) as f64 * (1.0 / (1u64 << 53) as f64) * self.right[layer];
            if at < self.right[layer + 1] {
                return at;
            }
            if let Some(at) = self.edge(layer, at, random) {
                return at;
            }
        }
    }

    #[cold]
    fn edge(&self, layer: usize, at: f64, random: &mut Random) -> Option<f64> {
        let uniform = ((random.word() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64);
        if layer == 0 {
            return Some(TAIL - libm::log(uniform));
        }
        let (low, high) = (self.density[layer], self.density[layer + 1]);
        (low + (high - low) * uniform < libm::exp(-at)).then_some(at)
    }
}
