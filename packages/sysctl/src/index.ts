/**
 * Linux's tunables: a typed registry with the names, defaults and ranges of /proc/sys/net.
 * @module
 */
export type {
  Combine,
  Definition,
  Kind,
  Range,
  Table,
  Triple,
  Value,
  ValueOf,
  Values,
} from './definition.ts';
export { isSysctlError, SysctlError, type SysctlErrorCode } from './error.ts';
export type { Options, Registries } from './ports.ts';
export { Sysctl, type Watcher } from './sysctl.ts';
export type {
  ConfValues,
  CoreValues,
  Ipv4Values,
  NeighDefaultValues,
  NeighValues,
  RouteValues,
  SysctlName,
  SysctlValue,
} from './typed-names.ts';
