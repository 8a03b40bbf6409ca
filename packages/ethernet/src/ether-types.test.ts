import { describe, expect, it } from 'vitest';
import * as types from './ether-types.ts';
import { formatProto } from './format.ts';

const { ETH_P, ETH_P_ARP, protoName } = types;

describe('EtherType names', () => {
  it('are found by number', () => {
    expect(protoName(ETH_P_ARP)).toBe('ETH_P_ARP');
    expect(protoName(0x1234)).toBeUndefined();
    expect(formatProto(0x86dd)).toBe('IPV6 (0x86dd)');
  });

  it('are one a number', () => {
    const numbers = Object.values(ETH_P);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('are the same as constants of their own', () => {
    const { ETH_P: _, protoName: __, ...constants } = types;
    expect(ETH_P).toMatchObject(constants);
  });

  it('keep the values they are known by', () => {
    expect(ETH_P).toMatchObject({
      ETH_P_IP: 0x0800,
      ETH_P_ARP: 0x0806,
      ETH_P_8021Q: 0x8100,
      ETH_P_IPV6: 0x86dd,
      ETH_P_8021AD: 0x88a8,
      ETH_P_LLDP: 0x88cc,
      ETH_P_1588: 0x88f7,
    });
  });
});
