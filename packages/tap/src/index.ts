/**
 * Network devices with a real wire behind them: Linux TAP and TUN.
 * @packageDocumentation
 */
export { Netns, NetnsError } from './netns.ts';
export { openTap, openTun, type TapOptions } from './open.ts';
export { type TapPairOptions, tapPair } from './pair.ts';
export { type ConnectStreamOptions, connectStream } from './qemu/connect-stream.ts';
export type { Endpoint, InetEndpoint, UnixEndpoint } from './qemu/endpoint.ts';
export { type ListenStreamOptions, listenStream } from './qemu/listen-stream.ts';
export { DgramDevice, type DgramOptions, openDgram } from './qemu/open-dgram.ts';
export type { SocketDeviceOptions } from './qemu/options.ts';
export { StreamDevice, type StreamOptions } from './qemu/stream-device.ts';
export { Tap, type TapFeatures } from './tap.ts';
export { TapError } from './tap-error.ts';
