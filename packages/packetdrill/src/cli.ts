#!/usr/bin/env node
/**
 * `packetdrill FILE…`: runs scripts of files and folders.
 * @module
 */
import { main } from './cli/main.ts';

process.stdout.on('error', () => process.exit(process.exitCode ?? 1)); // the reader has left
process.exitCode = await main(process.argv.slice(2), (text) => {
  process.stdout.write(text);
});
