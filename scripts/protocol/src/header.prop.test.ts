import { codecLaws, skbLaws } from '@stack/testkit';
import { describe, it } from 'vitest';
import * as example from './index.ts';
import { header } from './testing.ts';

codecLaws({ describe, it }, 'example', example, header(), { readers: ['type', 'len'] });

const pushed = header().map(({ type }) => ({ type }));
skbLaws({ describe, it }, 'example', example, pushed, { trims: true });
