#!/usr/bin/env node
/**
 * `npm run oracle -- FILE…`: every decoded field against tshark's.
 * @module
 */
import { availableParallelism } from 'node:os';
import { CommandError, explain } from './errors.ts';
import { compareCapture } from './oracle.ts';
import { forEachFile } from './oracle-files.ts';
import { exitWithReader, print } from './stdout.ts';

exitWithReader();

const files = process.argv.slice(2);
const sum = { files: 0, packets: 0, compared: 0, fields: 0, disagreements: 0 };
if (files.length === 0) {
  process.stderr.write('usage: npm run oracle -- CAPTURE...\n');
  process.exitCode = 1;
}
await forEachFile(files, availableParallelism(), async (file, reader) => {
  try {
    const { packets, compared, fields, disagreements } = await compareCapture(file, reader);
    for (const { packet, field, ours, theirs } of disagreements) {
      print(`${file} packet ${packet} ${field}: ours ${ours || 'nothing'}, tshark ${theirs || 'nothing'}`);
    }
    sum.files++;
    sum.packets += packets;
    sum.compared += compared;
    sum.fields += fields;
    sum.disagreements += disagreements.length;
  } catch (error) {
    process.stderr.write(
      error instanceof CommandError ? `${error.message}\n` : `${file}: ${explain(error)}\n`,
    );
    process.exitCode = 1;
  }
});
print(
  `${sum.files} captures, ${sum.packets} packets, ${sum.compared} of them read by tshark too, ` +
    `${sum.fields} fields compared, ${sum.disagreements} disagreements`,
);
if (sum.disagreements > 0) process.exitCode = 1;
