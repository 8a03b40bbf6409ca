import { expect, it } from 'vitest';
import { formatLinkType, LINKTYPE } from './index.ts';

it('names link types', () => {
  expect(formatLinkType(1)).toBe('ETHERNET');
  expect(formatLinkType(LINKTYPE.LINUX_SLL2)).toBe('LINUX_SLL2');
  expect(formatLinkType(9999)).toBe('9999');
});
