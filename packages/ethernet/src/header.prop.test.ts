import { codecLaws, skbLaws } from '@stack/testkit';
import { describe, it } from 'vitest';
import * as ethernet from './index.ts';
import { header, pushHeader } from './testing.ts';

codecLaws({ describe, it }, 'ethernet', ethernet, header(), { readers: ['dest', 'source', 'proto'] });

skbLaws({ describe, it }, 'ethernet', ethernet, pushHeader(), {
  trims: (pushed) => pushed.llc !== null && pushed.llc !== undefined,
});
