/**
 * Names: `net.ipv4.tcp_wmem`, `net/ipv4/tcp_wmem` and `/proc/sys/net/ipv4/tcp_wmem` are one sysctl.
 *
 * The first separator in a name decides: after a slash, dots belong to the components (`net/ipv4/conf/eth0.5/rp_filter`);
 * after a dot, slashes stand for the dots of a component (`net.ipv4.conf.eth0/5.rp_filter`), as in sysctl(8).
 * @module
 */

const ROOT = '/proc/sys/';

/** Directory and last component, the directory always with slashes. */
export interface Path {
  readonly directory: string;
  readonly field: string;
}

/** Takes a name apart. A name of one component has an empty directory, which is none. */
export function path(name: string): Path {
  const relative = name.startsWith(ROOT) ? name.slice(ROOT.length) : name;
  const slashes = /[./]/.exec(relative)?.[0] === '.' ? swapped(relative) : relative;
  const end = slashes.lastIndexOf('/');
  return { directory: slashes.slice(0, Math.max(end, 0)), field: slashes.slice(end + 1) };
}

/** The name with dots, as `sysctl -a` prints it. */
export function dotted(directory: string, field: string): string {
  return swapped(`${directory}/${field}`);
}

/** Exchanges dots and slashes. */
function swapped(name: string): string {
  return name.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}
