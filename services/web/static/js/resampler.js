/**
 * Streaming conversion of a sampling rate by a windowed-sinc polyphase filter.
 *
 * Done here rather than by an AudioContext of the wanted rate: Firefox refuses a microphone whose
 * rate differs from its context's, and linear interpolation would fold a fricative's upper half
 * back into the speech band.
 *
 * Pure, and without allocation once it is made: it runs in the audio thread.
 */

/** Zero crossings of the sinc on each side. More is a steeper filter and a longer delay. */
const ZERO_CROSSINGS = 40;
/** Shape of the Kaiser window; 9 keeps what is folded back under -90 dB. */
const KAISER_BETA = 9;
/** Middle of the transition band, as a share of the lower rate's half. */
const CUTOFF = 0.94;
/** Rates with no small ratio use the nearest of so many phases: an error under -60 dB. */
const MAX_PHASES = 1_024;

/** @param {number} x @returns {number} The modified Bessel function of order zero. */
function bessel(x) {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** @param {number} a @param {number} b @returns {number} */
function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * One row of `taps` coefficients per phase; each row sums to 1, so that a constant stays one.
 *
 * @param {number} phases
 * @param {number} taps
 * @param {number} cutoff In cycles per input sample, below 0.5.
 * @returns {Float32Array}
 */
function makeFilter(phases, taps, cutoff) {
  const rows = new Float32Array(phases * taps);
  const half = taps / 2;
  for (let phase = 0; phase < phases; phase += 1) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap += 1) {
      const t = tap - half + 1 - phase / phases;
      const x = 2 * Math.PI * cutoff * t;
      const sinc = Math.abs(x) < 1e-9 ? 1 : Math.sin(x) / x;
      const window = bessel(KAISER_BETA * Math.sqrt(Math.max(0, 1 - (t / half) ** 2)));
      rows[phase * taps + tap] = sinc * window;
      sum += sinc * window;
    }
    for (let tap = 0; tap < taps; tap += 1) rows[phase * taps + tap] /= sum;
  }
  return rows;
}

export class Resampler {
  /** Input samples per output sample are `#stepNumerator / #stepDenominator`. */
  #stepNumerator;
  #stepDenominator;
  #phases;
  #isIdentity;
  #taps;
  #filter;
  /** Twice the filter's length, written twice: a window of `#taps` is then always contiguous. */
  #history;
  #position = 0;
  /** Numerator of the time from the newest input sample to the next output sample. */
  #phase = 0;

  /**
   * @param {number} fromHz
   * @param {number} toHz
   */
  constructor(fromHz, toHz) {
    const divisor = greatestCommonDivisor(Math.round(fromHz), Math.round(toHz));
    this.#stepNumerator = Math.round(fromHz) / divisor;
    this.#stepDenominator = Math.round(toHz) / divisor;
    this.#phases = Math.min(this.#stepDenominator, MAX_PHASES);
    this.#isIdentity = this.#stepNumerator === this.#stepDenominator;
    const widening = Math.max(1, fromHz / toHz);
    this.#taps = 2 * Math.ceil(ZERO_CROSSINGS * widening);
    this.#filter = makeFilter(this.#phases, this.#taps, (0.5 * CUTOFF) / widening);
    this.#history = new Float32Array(2 * this.#taps);
  }

  /** How many samples at most come out for so many that go in. @param {number} inputLength */
  maxOutput(inputLength) {
    return Math.ceil((inputLength * this.#stepDenominator) / this.#stepNumerator) + 1;
  }

  /**
   * Convert the next piece of a stream.
   *
   * @param {Float32Array} input
   * @param {Float32Array} output At least `maxOutput(input.length)` long.
   * @returns {number} How many samples were written to `output`.
   */
  process(input, output) {
    if (this.#isIdentity) {
      output.set(input);
      return input.length;
    }
    let written = 0;
    for (let i = 0; i < input.length; i += 1) {
      this.#history[this.#position] = input[i];
      this.#history[this.#position + this.#taps] = input[i];
      this.#position = (this.#position + 1) % this.#taps;
      while (this.#phase < this.#stepDenominator) {
        output[written] = this.#convolve();
        written += 1;
        this.#phase += this.#stepNumerator;
      }
      this.#phase -= this.#stepDenominator;
    }
    return written;
  }

  /** One output sample, from the window that ends at the newest input sample. */
  #convolve() {
    const row = Math.floor((this.#phase * this.#phases) / this.#stepDenominator) * this.#taps;
    const history = this.#history;
    const filter = this.#filter;
    const position = this.#position;
    let sum = 0;
    for (let tap = 0; tap < this.#taps; tap += 1) sum += history[position + tap] * filter[row + tap];
    return sum;
  }
}
