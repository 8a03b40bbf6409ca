import { codecLaws, skbLaws } from '@stack/testkit';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import * as arp from './index.ts';
import { header, pushHeader } from './testing.ts';

codecLaws({ describe, it }, 'arp', arp, header(), { readers: ['htype', 'ptype', 'hlen', 'plen', 'op'] });

// ARP carries no payload: what follows it is padding.
skbLaws({ describe, it }, 'arp', arp, pushHeader(), { payload: fc.constant(new Uint8Array(0)), trims: true });
