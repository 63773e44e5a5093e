// A bell's tone is made of partials that are no whole multiples of each other: what one hears as its pitch is the
// prime, with the hum below it and a minor third above. The high ones fade first.
const PARTIALS: [number, number, number][] = [
  [0.5, 0.3, 1], // times the prime, loudness, length
  [1, 0.55, 0.8],
  [1.2, 0.4, 0.6],
  [1.5, 0.2, 0.5],
  [2, 0.45, 0.45],
  [2.67, 0.18, 0.3],
  [3.01, 0.14, 0.22],
  [4.17, 0.08, 0.15],
];

/** By band: when (s), which prime (Hz), and for how long (s) each strikes. */
const TUNES: Record<2 | 3 | 4, [number, number, number][]> = {
  2: [[0, 659.3, 1.6]],
  3: [
    [0, 784, 1.4],
    [0.2, 1046.5, 1.9],
  ],
  4: [
    [0, 1046.5, 1.1],
    [0.17, 784, 1.1],
    [0.34, 1046.5, 1.1],
    [0.7, 1046.5, 1.1],
    [0.87, 784, 1.1],
    [1.04, 1046.5, 2],
  ],
};

/** Rings as a message of that band does. `volume` from 0 to 1. */
export function strike(context: AudioContext, number: number, volume: number): void {
  const tune = TUNES[Math.min(4, Math.max(2, number)) as 2 | 3 | 4];
  const out = context.createGain();
  out.gain.value = volume * volume * 0.5; // ears hear powers
  out.connect(context.destination);
  for (const [after, prime, length] of tune)
    for (const partial of PARTIALS) tone(out, context, after, prime, length, partial);
}

function tone(
  out: AudioNode,
  context: AudioContext,
  after: number,
  prime: number,
  length: number,
  [times, loud, long]: [number, number, number],
): void {
  const begin = context.currentTime + 0.02 + after;
  const end = begin + length * long;
  const gain = context.createGain();
  gain.gain.setValueAtTime(0, begin);
  gain.gain.linearRampToValueAtTime(loud * 0.5, begin + 0.004);
  gain.gain.exponentialRampToValueAtTime(0.0001, end);
  const oscillator = context.createOscillator();
  oscillator.frequency.value = prime * times;
  oscillator.connect(gain).connect(out);
  oscillator.start(begin);
  oscillator.stop(end);
}
