/** PCM samples: their rates, float to signed 16 bit and back, and loudness. Pure. */

export const MICROPHONE_RATE_HZ = 16_000;
export const ASSISTANT_RATE_HZ = 24_000;

/**
 * @param {number} sample From -1 to 1; anything beyond is clamped.
 * @returns {number} From -32 768 to 32 767.
 */
export function toInt16(sample) {
  const scaled = Math.round(sample * 32_768);
  return scaled > 32_767 ? 32_767 : scaled < -32_768 ? -32_768 : scaled;
}

/**
 * @param {Int16Array} pcm16
 * @returns {Float32Array<ArrayBuffer>} From -1 to just under 1.
 */
export function toFloat32(pcm16) {
  const samples = new Float32Array(pcm16.length);
  for (let i = 0; i < pcm16.length; i += 1) samples[i] = pcm16[i] / 32_768;
  return samples;
}

/**
 * Loudness of a piece of audio.
 *
 * @param {Int16Array} pcm16
 * @returns {number} Root mean square in dB below full scale; -100 for silence.
 */
export function levelDb(pcm16) {
  let sum = 0;
  for (let i = 0; i < pcm16.length; i += 1) sum += pcm16[i] * pcm16[i];
  const rms = Math.sqrt(sum / Math.max(1, pcm16.length)) / 32_768;
  return rms > 1e-5 ? 20 * Math.log10(rms) : -100;
}
