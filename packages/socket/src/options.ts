/**
 * `setsockopt` and `getsockopt`: which level answers.
 * @module
 */
import { AF_PACKET } from './constants/families.ts';
import { SOL_SOCKET } from './constants/so.ts';
import type { Core } from './core.ts';
import { isLevel, optionName } from './names.ts';
import type { Errno, OptionData } from './ports.ts';
import { NOT_HERE, setSocketOption, socketOption } from './sol-socket.ts';

/** Sets an option. ENOPROTOOPT for one that nobody knows. */
export function setOption(
  core: Core,
  level: number,
  option: number,
  value: OptionData | boolean,
): Errno | undefined {
  if (core.isClosed) return 'EBADF';
  const data = typeof value === 'boolean' ? Number(value) : value;
  const name = optionName(level, option);
  if (name === undefined) return 'ENOPROTOOPT';
  return core.run((now, proto) => {
    const answer = level === SOL_SOCKET ? setSocketOption(core, option, data) : NOT_HERE;
    if (answer === NOT_HERE) return proto.setsockopt(now, level, name, data);
    if (answer === undefined) proto.optionSet?.(now, name);
    return answer;
  });
}

/** Reads an option. */
export function optionOf(core: Core, level: number, option: number): OptionData | { readonly errno: Errno } {
  if (core.isClosed) return { errno: 'EBADF' };
  const name = optionName(level, option);
  if (name === undefined) return { errno: isForeign(core, level) ? 'EOPNOTSUPP' : 'ENOPROTOOPT' };
  return core.run((now, proto) => {
    const answer = level === SOL_SOCKET ? socketOption(core, option) : NOT_HERE;
    return answer === NOT_HERE ? proto.getsockopt(now, level, name) : answer;
  });
}

/** Linux: reading at a level that is nobody's ends in IP, which has no such operation. Setting does not. */
function isForeign({ proto }: Core, level: number): boolean {
  return proto.family !== AF_PACKET && !isLevel(level);
}

/** Whether an answer of {@link optionOf} is an error. */
export function isFailure(
  answer: OptionData | { readonly errno: Errno },
): answer is { readonly errno: Errno } {
  return typeof answer === 'object' && 'errno' in answer;
}
