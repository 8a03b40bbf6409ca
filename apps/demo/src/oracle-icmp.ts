/**
 * What tshark should say about an ICMP message.
 * @module
 */
import * as icmp from '@stack/icmp';
import * as ipv4 from '@stack/ipv4';
import { viewOf } from '@stack/skbuff';
import { type Expectation, each, one } from './oracle-expectation.ts';

/** Every field that is compared here. */
export const ICMP_FIELDS: readonly string[] = [
  ...['icmp.type', 'icmp.code', 'icmp.checksum', 'icmp.checksum.status', 'icmp.ident', 'icmp.seq'],
  ...['icmp.pointer', 'icmp.length', 'icmp.mtu', 'icmp.redir_gw'],
  ...['icmp.originate_timestamp', 'icmp.receive_timestamp', 'icmp.transmit_timestamp', 'icmp.address_mask'],
  ...['icmp.num_addrs', 'icmp.addr_entry_size', 'icmp.lifetime', 'icmp.router_address', 'icmp.pref_level'],
  ...['icmp.ext.echo.seq', 'icmp.ext.echo.req.res', 'icmp.ext.echo.req.local'],
  ...['icmp.ext.echo.rsp.state', 'icmp.ext.echo.rsp.res', 'icmp.ext.echo.rsp.active'],
  ...['icmp.ext.echo.rsp.ipv4', 'icmp.ext.echo.rsp.ipv6'],
  ...['icmp.ext.version', 'icmp.ext.res', 'icmp.ext.checksum', 'icmp.ext.checksum.status'],
  ...['icmp.ext.length', 'icmp.ext.class', 'icmp.ext.ctype'],
  ...['icmp.mpls.label', 'icmp.mpls.exp', 'icmp.mpls.s', 'icmp.mpls.ttl'],
];

/** Of a message, up to what it quotes; with `isStart` of its first eight bytes alone. */
export function icmpFields(message: icmp.Message, isStart: boolean): Expectation[] {
  const fields = bodyFields(message);
  return [
    one('icmp.type', message.type),
    one('icmp.code', message.code),
    one('icmp.checksum', message.check),
    ...(isStart ? fields.filter(({ field }) => !BEHIND_THE_START.includes(field)) : fields),
  ];
}

/** Fields that stand behind the first eight bytes. */
const BEHIND_THE_START: readonly string[] = [
  ...['icmp.originate_timestamp', 'icmp.receive_timestamp', 'icmp.transmit_timestamp', 'icmp.address_mask'],
  ...['icmp.router_address', 'icmp.pref_level'],
];

function bodyFields(message: icmp.Message): Expectation[] {
  switch (message.kind) {
    case 'echo':
    case 'information':
      return pair(message);
    case 'error':
      return errorFields(message);
    case 'redirect':
      return [one('icmp.redir_gw', ipv4.formatAddress(message.gateway))];
    case 'timestamp':
      return [
        ...pair(message),
        one('icmp.originate_timestamp', message.originate),
        one('icmp.receive_timestamp', message.receive),
        one('icmp.transmit_timestamp', message.transmit),
      ];
    case 'mask':
      return [...pair(message), one('icmp.address_mask', ipv4.formatAddress(message.mask))];
    case 'advertisement':
      return advertisementFields(message);
    case 'extended-echo':
      return [
        one('icmp.ident', message.id),
        one('icmp.ext.echo.seq', message.sequence),
        one('icmp.ext.echo.req.res', message.reserved),
        one('icmp.ext.echo.req.local', message.local),
      ];
    case 'extended-echo-reply':
      return [
        one('icmp.ident', message.id),
        one('icmp.ext.echo.seq', message.sequence),
        one('icmp.ext.echo.rsp.state', message.state),
        one('icmp.ext.echo.rsp.res', message.reserved),
        one('icmp.ext.echo.rsp.active', message.active),
        one('icmp.ext.echo.rsp.ipv4', message.ipv4),
        one('icmp.ext.echo.rsp.ipv6', message.ipv6),
      ];
    case 'solicitation':
      return [];
    case 'raw':
      return startFields(message);
  }
}

/** What tshark reads of a message that is too short for its type, or too odd: what its second word holds. */
function startFields({ type, rest }: icmp.Raw): Expectation[] {
  const [id, sequence] = [rest >>> 16, rest & 0xffff];
  switch (type) {
    case icmp.ICMP_TIMESTAMP:
    case icmp.ICMP_TIMESTAMPREPLY:
    case icmp.ICMP_ADDRESS:
    case icmp.ICMP_ADDRESSREPLY:
      return pair({ id, sequence });
    case icmp.ICMP_ROUTERADVERT:
      return [
        one('icmp.num_addrs', rest >>> 24),
        one('icmp.addr_entry_size', (rest >>> 16) & 0xff),
        one('icmp.lifetime', rest & 0xffff),
      ];
    case icmp.ICMP_EXT_ECHO:
      return [
        one('icmp.ident', id),
        one('icmp.ext.echo.seq', sequence >>> 8),
        one('icmp.ext.echo.req.res', (rest >>> 1) & 0x7f),
        one('icmp.ext.echo.req.local', rest & 1),
      ];
    default:
      return [];
  }
}

function pair({ id, sequence }: { id: number; sequence: number }): Expectation[] {
  return [one('icmp.ident', id), one('icmp.seq', sequence)];
}

function errorFields({ type, code, pointer, length, mtu }: icmp.ErrorMessage): Expectation[] {
  const fields: Expectation[] = [];
  // A length of 0 is to tshark one of the bytes that are not used.
  if (icmp.mayExtend(type) && length > 0) fields.push(one('icmp.length', length));
  if (type === icmp.ICMP_DEST_UNREACH && code === icmp.ICMP_FRAG_NEEDED) fields.push(one('icmp.mtu', mtu));
  if (type === icmp.ICMP_PARAMETERPROB) fields.push(one('icmp.pointer', pointer));
  return fields;
}

function advertisementFields({ lifetime, routers }: icmp.Advertisement): Expectation[] {
  return [
    one('icmp.num_addrs', routers.length),
    one('icmp.addr_entry_size', 2),
    one('icmp.lifetime', lifetime),
    each('icmp.router_address', routers, ({ address }) => ipv4.formatAddress(address)),
    each('icmp.pref_level', routers, ({ preference }) => preference),
  ];
}

/** Of the extension structure in a message, if it has one. */
export function extensionFields(message: icmp.Message): Expectation[] {
  const extensions = extensionsIn(message);
  if (extensions === undefined) return [];
  const { version, reserved, check, objects, malformed } = extensions;
  const heads = [...objects.map(headOf), ...(malformed.length < 4 ? [] : [cutHead(malformed)])];
  const labels = [...objects, cutObject(malformed)].flatMap((object) => icmp.readLabelStack(object) ?? []);
  return [
    one('icmp.ext.version', version),
    one('icmp.ext.res', reserved),
    one('icmp.ext.checksum', check),
    each('icmp.ext.length', heads, ({ length }) => length),
    each('icmp.ext.class', heads, ({ classNum }) => classNum),
    each('icmp.ext.ctype', heads.flatMap(typesOf), (cType) => cType),
    each('icmp.mpls.label', labels, ({ label }) => label),
    each('icmp.mpls.exp', labels, ({ tc }) => tc),
    each('icmp.mpls.s', labels, ({ bottom }) => bottom),
    each('icmp.mpls.ttl', labels, ({ ttl }) => ttl),
  ];
}

function extensionsIn(message: icmp.Message): icmp.Extensions | undefined {
  if (message.kind === 'extended-echo') return message.extensions;
  if (message.kind === 'raw') return headerAlone(message);
  return message.kind === 'error' ? (message.extensions ?? supposed(message)) : undefined;
}

/** Of extensions of a version that is not known, tshark reads the header. */
function headerAlone({ type, data }: icmp.Raw): icmp.Extensions | undefined {
  if (type !== icmp.ICMP_EXT_ECHO || data.length < icmp.EXTENSION_HLEN) return undefined;
  return icmp.readExtensions(viewOf(data), 0, icmp.EXTENSION_HLEN);
}

/**
 * What tshark takes for extensions of before RFC 4884, when messages did not tell where they begin: a header of the right version
 * is enough. Our codec wants the checksum right too (§5.5), for else one long quote in sixteen would have some.
 */
function supposed(message: icmp.ErrorMessage): icmp.Extensions | undefined {
  const { quote } = message;
  const start = icmp.MIN_EXTENDED_QUOTE;
  if (!hasSupposed(message)) return undefined;
  return icmp.readExtensions(viewOf(quote), start, quote.length);
}

/** Whether tshark sees extensions in a quote where we see none. */
export function hasSupposed({ length, quote, extensions }: icmp.ErrorMessage): boolean {
  if (extensions !== undefined || length > 0) return false;
  const version = (quote[icmp.MIN_EXTENDED_QUOTE] ?? 0) >> 4;
  return quote.length >= icmp.MIN_EXTENDED_QUOTE + icmp.EXTENSION_HLEN && version === icmp.EXTENSION_VERSION;
}

interface ObjectHead {
  length: number;
  classNum: number;
  cType: number | undefined;
}

function headOf({ classNum, cType, data }: icmp.ExtensionObject): ObjectHead {
  return { length: data.length + 4, classNum, cType };
}

/** tshark shows a C-Type twice where it does not know that of the first classes. */
function typesOf({ classNum, cType }: ObjectHead): (number | undefined)[] {
  const isKnown = classNum === icmp.CLASS_MPLS_LABEL_STACK && cType === 1;
  return isKnown || classNum > icmp.CLASS_MPLS_LABEL_STACK ? [cType] : [cType, cType];
}

/** What tshark reads of an object whose length cannot be: less of one that is shorter than its header. */
function cutHead(bytes: Uint8Array): ObjectHead {
  const [high = 0, low = 0, classNum = 0, cType] = bytes;
  const length = high * 0x100 + low;
  return { length, classNum, cType: length < 4 ? undefined : cType };
}

/** The part of such an object that holds whole entries of a label stack. */
function cutObject(bytes: Uint8Array): icmp.ExtensionObject {
  const [classNum = 0, cType = 0] = bytes.subarray(2);
  return { classNum, cType, data: bytes.subarray(4, bytes.length & ~3) };
}
