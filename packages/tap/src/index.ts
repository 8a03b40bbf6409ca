/**
 * Network devices with a real wire behind them: Linux TAP and TUN.
 * @packageDocumentation
 */
export { openTap, openTun, type TapOptions } from './open.ts';
export { Tap, type TapFeatures } from './tap.ts';
export { TapError } from './tap-error.ts';
