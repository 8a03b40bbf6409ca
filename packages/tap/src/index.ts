/**
 * Network devices with a real wire behind them.
 * @packageDocumentation
 */
export { TapError } from './tap-error.ts';
