#!/usr/bin/env node
/**
 * `npm start`: the live connection, and `npm start -- decode CAPTURE`.
 * @module
 */
import { createCommand } from './command.ts';
import { CommandError } from './errors.ts';
import { exitWithReader, print } from './stdout.ts';

const color = process.stdout.isTTY === true && !process.env.NO_COLOR;
exitWithReader();

const end = (code: number): void => {
  process.exitCode = code;
};

try {
  await createCommand(print, end, color).parseAsync();
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
