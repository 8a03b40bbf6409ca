/**
 * The table of the README.
 * @module
 */
import type { Requirement } from './requirement.ts';

/** A table for each RFC, in Markdown. Links are relative to the package. */
export function table(requirements: readonly Requirement[]): string {
  const rfcs = [...new Set(requirements.map(({ rfc }) => rfc))];
  return rfcs
    .map((rfc) => {
      const rows = requirements.filter((each) => each.rfc === rfc).map(row);
      return [
        `### RFC ${rfc}`,
        '',
        '| § | | asked | shown by | state |',
        '|---|---|---|---|---|',
        ...rows,
      ].join('\n');
    })
    .join('\n\n');
}

/** `12 met, 3 as Linux`. */
export function summary(requirements: readonly Requirement[]): string {
  const count = (state: string): number => requirements.filter((each) => each.state === state).length;
  return (
    `${requirements.length} rows: ${count('met')} met, ${count('Linux')} kept as Linux keeps them, ` +
    `${count('missing')} missing, ${count('not applicable')} not applicable.`
  );
}

function row({ rfc, section, id, text, script, test, state, why }: Requirement): string {
  const words = state === 'Linux' ? 'as Linux' : state;
  const cells = [section, id, text, link(rfc, script, test), why === '' ? words : `${words}: ${why}`];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function link(rfc: number, script: string | undefined, test: string | undefined): string {
  if (script !== undefined) return `[${script.replace(`rfc${rfc}/`, '')}](scripts/${script}.pkt)`;
  if (test === undefined) return '';
  return `[${test.slice(test.lastIndexOf('/') + 1)}](../../${test})`;
}
