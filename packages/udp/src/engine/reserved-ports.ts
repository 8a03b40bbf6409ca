/**
 * `ip_local_reserved_ports`, read once for each text.
 * @module
 */

/** Ports that are only given to who asks for them. */
export class ReservedPorts {
  #text = '';
  /** First and last port of each range. */
  #ranges: number[] = [];

  /** Takes over the sysctl's text, such as `8080,9148-9150`. */
  update(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    this.#ranges = [];
    for (const range of text.split(',')) {
      const [first = '', last = first] = range.trim().split('-');
      if (first !== '') this.#ranges.push(Number(first), Number(last));
    }
  }

  /** Whether `port` is in one of the ranges. */
  has(port: number): boolean {
    const ranges = this.#ranges;
    for (let i = 0; i < ranges.length; i += 2) {
      if (port >= (ranges[i] as number) && port <= (ranges[i + 1] as number)) return true;
    }
    return false;
  }
}
