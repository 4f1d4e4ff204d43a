/**
 * Discrete Fourier transform of a power of two of complex numbers, in place, re and im apart: `X_k = Σ_j x_j exp(-2πi jk/N)`,
 * or with the other sign and without factor 1/N where `inverse`.
 */
export function fft(re: Float64Array, im: Float64Array, inverse: boolean): void {
  const size = re.length;
  reverseBits(re, im);
  const cosines = new Float64Array(Math.max(1, size / 2));
  const sines = new Float64Array(Math.max(1, size / 2));
  for (let k = 0; k < size / 2; k++) {
    const angle = (2 * Math.PI * k) / size;
    cosines[k] = Math.cos(angle);
    sines[k] = inverse ? Math.sin(angle) : -Math.sin(angle);
  }
  for (let half = 1; half < size; half *= 2) {
    const stride = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const c = cosines[k * stride]!;
        const s = sines[k * stride]!;
        const a = start + k;
        const b = a + half;
        const x = c * re[b]! - s * im[b]!;
        const y = c * im[b]! + s * re[b]!;
        re[b] = re[a]! - x;
        im[b] = im[a]! - y;
        re[a]! += x;
        im[a]! += y;
      }
    }
  }
}

function reverseBits(re: Float64Array, im: Float64Array): void {
  const size = re.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    const x = re[i]!;
    re[i] = re[j]!;
    re[j] = x;
    const y = im[i]!;
    im[i] = im[j]!;
    im[j] = y;
  }
}

/** Raises complex numbers to a positive integer power, in place, by squaring. */
export function power(re: Float64Array, im: Float64Array, exponent: number): void {
  for (let i = 0; i < re.length; i++) {
    let [x, y] = [re[i]!, im[i]!];
    let [outX, outY] = [1, 0];
    for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
      if (rest % 2 === 1) {
        const product = outX * x - outY * y;
        outY = outX * y + outY * x;
        outX = product;
      }
      // Denormal numbers would be slow.
      if (Math.abs(x) + Math.abs(y) < 1e-150) {
        [x, y] = [0, 0];
        continue;
      }
      const square = (x - y) * (x + y);
      y = 2 * x * y;
      x = square;
    }
    re[i] = outX;
    im[i] = outY;
  }
}
