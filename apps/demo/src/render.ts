/**
 * Steps and outcome as text for people.
 * @module
 */
import type pc from 'picocolors';
import { draw } from './picture.ts';
import type { Outcome } from './scenario.ts';
import type { Step } from './story.ts';

type Colors = ReturnType<typeof pc.createColors>;

/** Columns of running text. */
const WIDTH = 96;

/** One step: who and what, a sentence, the drawing, the bytes. */
export function renderStep(step: Step, number: number, colors: Colors): string[] {
  const title = `${String(number).padStart(2)}  ${step.side.padEnd(6)}  ${step.call}`;
  const lines = ['', `${colors.bold(title)}  ${colors.dim(step.file)}`, ...wrap(step.text)];
  for (const detail of step.details ?? []) lines.push(`      ${colors.cyan(detail)}`);
  if (step.geometry) {
    const { len, dataLen } = step.geometry;
    lines.push(...draw(step.geometry).map((line) => `      ${colors.green(line)}`));
    lines.push(colors.dim(`      len ${len} = ${len - dataLen} linear + ${dataLen} in frags`));
  }
  const sign = step.change === 'stripped' ? '-' : '+';
  const width = Math.max(0, ...(step.fields ?? []).map(({ hex }) => hex.length));
  for (const { name, hex, value } of step.fields ?? []) {
    // Options make one long run of bytes: it gets a line of its own.
    if (hex.length > 36)
      lines.push(
        `    ${sign} ${colors.yellow(hex)}`,
        `      ${' '.repeat(pad(width))}  ${name.padEnd(14)} ${value}`,
      );
    else lines.push(`    ${sign} ${colors.yellow(hex.padEnd(pad(width)))}  ${name.padEnd(14)} ${value}`);
  }
  return lines;
}

const pad = (width: number): number => Math.min(width, 36);

/** What it came to: counts, copies, time. */
export function renderOutcome(outcome: Outcome, colors: Colors): string[] {
  const { copies, dma, packets, segments, frames, time, leaked } = outcome;
  const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  return [
    '',
    colors.bold('In all'),
    `  ${plural(packets, 'data packet')} given to the card, ${plural(segments, 'data frame')} on the wire, ${plural(frames, 'frame')} of all kinds, ${time} µs of virtual time`,
    `  CPU copies of the payload: ${copies.send.times} in send() (${copies.send.bytes} bytes), ${copies.recv.times} in recv() (${copies.recv.bytes} bytes)`,
    `  between the two: ${copies.moved} moves; the payload was at the same place of the same buffer after each of ${copies.unmoved} layers passed`,
    `  DMA: ${plural(dma.gathers, 'gather')} onto the wire (${dma.gatherBytes} bytes), ${plural(dma.scatters, 'scatter')} into posted pages (${dma.scatterBytes} bytes)`,
    `  not given back to the pools: ${leaked}`,
    '  scripted: handshake and acknowledgements. Real: every frame, ring, checksum and pointer.',
    '',
  ];
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '    ';
  for (const word of text.split(' ')) {
    if (line.length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = '    ';
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
