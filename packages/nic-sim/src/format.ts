/**
 * Descriptors as text, for people.
 * @module
 */
import { bitNames, CMD, POPTS, RX_ERROR, RX_STATUS, TUCMD } from './bits.ts';
import type { Descriptor } from './descriptor.ts';

/** One line for people: kind, address, length, and the names of the bits that are set. */
export function format(d: Descriptor): string {
  if (d.kind === 'tx-context') {
    const sums = `ip ${d.ipcss}+${d.ipcso}..${d.ipcse} tu ${d.tucss}+${d.tucso}..${d.tucse}`;
    const size = `hdrlen ${d.hdrlen} mss ${d.mss} paylen ${d.paylen}`;
    return `${d.kind} ${sums} ${size} [${flags(d.tucmd, COMMAND_OF_CONTEXT)}]${done(d.sta)}`;
  }
  const address = `${hex(d.addressHigh)}:${hex(d.addressLow)}`;
  const vlan = d.special === 0 ? '' : ` tag 0x${d.special.toString(16)}`;
  if (d.kind === 'tx-data') {
    const options = d.popts === 0 ? '' : ` popts [${flags(d.popts, POPTS)}]`;
    return `${d.kind} ${address} len ${d.dtalen} [${flags(d.dcmd, COMMAND_OF_DATA)}]${options}${vlan}${done(d.sta)}`;
  }
  if (d.kind === 'tx-legacy') {
    const sum = (d.cmd & CMD.IC) === 0 ? '' : ` sum ${d.css}+${d.cso}`;
    return `${d.kind} ${address} len ${d.length} [${flags(d.cmd, COMMAND_OF_LEGACY)}]${sum}${vlan}${done(d.sta)}`;
  }
  const errors = d.errors === 0 ? '' : ` errors [${flags(d.errors, RX_ERROR)}]`;
  return `${d.kind} ${address} len ${d.length} sum 0x${d.checksum.toString(16)} [${flags(d.status, RX_STATUS)}]${errors}${vlan}`;
}

const { EOP, IFCS, IC, TSE, RS, RPS, DEXT, VLE, IDE } = CMD;
const COMMAND_OF_LEGACY: Readonly<Record<string, number>> = { EOP, IFCS, IC, RS, RPS, VLE, IDE };
const COMMAND_OF_DATA: Readonly<Record<string, number>> = { EOP, IFCS, TSE, RS, RPS, DEXT, VLE, IDE };
const COMMAND_OF_CONTEXT: Readonly<Record<string, number>> = { ...TUCMD, RS, DEXT, IDE };

function flags(value: number, bits: Readonly<Record<string, number>>): string {
  return bitNames(value, bits).join('|');
}

function done(sta: number): string {
  return (sta & 1) === 0 ? '' : ' DD';
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
