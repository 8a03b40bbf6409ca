/**
 * Reads the commands of set-up scripts: words, quotes, `$(( ))`, `${NAME}`, pipes, redirections, lists. It is as much of a shell as those
 * scripts use, and it starts no program.
 * @module
 */
import { evaluate, format, type Scope } from '../code/evaluate.ts';
import { parseCode } from '../code/parse-code.ts';
import { own } from '../own.ts';

/** A command: its words, and where its output goes. */
export interface SimpleCommand {
  words: readonly string[];
  /** The file that standard output is written to. */
  output: string | undefined;
}

/** Commands joined by pipes; `when` says after which outcome of the one before they run. */
export interface Pipeline {
  commands: readonly SimpleCommand[];
  when: 'always' | 'success' | 'failure';
}

/** Text that is no command line this reader knows. */
export class ShellError extends Error {
  override readonly name = 'ShellError';
}

const OPERATOR = /^(?:&&|\|\||&>>|&>|\d*>>|\d*>&\d+|\d*>|;|\n|\||&|<)/;

/** The pipelines of `text`, `variables` put in. @throws ShellError */
export function readCommands(text: string, variables: Readonly<Record<string, string>>): Pipeline[] {
  const reader = new Reader(text, variables);
  return reader.read();
}

class Reader {
  readonly #text: string;
  readonly #variables: Readonly<Record<string, string>>;
  #at = 0;

  constructor(text: string, variables: Readonly<Record<string, string>>) {
    this.#text = text;
    this.#variables = variables;
  }

  read(): Pipeline[] {
    const pipelines: Pipeline[] = [];
    let when: Pipeline['when'] = 'always';
    let commands: SimpleCommand[] = [];
    let words: string[] = [];
    let output: string | undefined;
    const endCommand = (): void => {
      if (words.length > 0) commands.push({ words, output });
      words = [];
      output = undefined;
    };
    const endPipeline = (next: Pipeline['when']): void => {
      endCommand();
      if (commands.length > 0) pipelines.push({ commands, when });
      commands = [];
      when = next;
    };
    for (;;) {
      this.#blanks();
      if (this.#at >= this.#text.length) break;
      const operator = OPERATOR.exec(this.#text.slice(this.#at))?.[0];
      if (operator === undefined) {
        words.push(this.#word());
        continue;
      }
      this.#at += operator.length;
      if (operator === '|') endCommand();
      else if (operator === '&&') endPipeline('success');
      else if (operator === '||') endPipeline('failure');
      else if (operator === ';' || operator === '\n') endPipeline('always');
      else if (/^(?:&>|1?>)>?$/.test(operator)) {
        this.#blanks();
        output = this.#word();
      } else if (/^2>>?$/.test(operator)) {
        this.#blanks();
        this.#word();
      } else if (!/>&/.test(operator)) throw new ShellError(`'${operator}' is not understood in commands`);
    }
    endPipeline('always');
    return pipelines;
  }

  #blanks(): void {
    for (;;) {
      const blank = /^(?:[ \t\r]+|\\\r?\n|#[^\n]*)/.exec(this.#text.slice(this.#at))?.[0];
      if (blank === undefined) return;
      this.#at += blank.length;
    }
  }

  #word(): string {
    let word = '';
    const start = this.#at;
    while (this.#at < this.#text.length) {
      const letter = this.#text[this.#at] as string;
      if (/[\s;|&<>]/.test(letter)) break;
      if (letter === "'") {
        const end = this.#text.indexOf("'", this.#at + 1);
        if (end < 0) throw new ShellError("a quote ' does not end");
        word += this.#text.slice(this.#at + 1, end);
        this.#at = end + 1;
      } else if (letter === '"') word += this.#doubleQuoted();
      else if (letter === '$') word += this.#expansion();
      else if (letter === '\\') {
        word += this.#text[this.#at + 1] ?? '';
        this.#at += 2;
      } else {
        word += letter;
        this.#at++;
      }
    }
    if (this.#at === start)
      throw new ShellError(`'${this.#text[start] ?? ''}' is not understood in commands`);
    return word;
  }

  #doubleQuoted(): string {
    let word = '';
    this.#at++;
    for (;;) {
      const letter = this.#text[this.#at];
      if (letter === undefined) throw new ShellError('a quote " does not end');
      if (letter === '"') break;
      if (letter === '$') word += this.#expansion();
      else {
        if (letter === '\\') this.#at++;
        word += this.#text[this.#at] ?? '';
        this.#at++;
      }
    }
    this.#at++;
    return word;
  }

  /** `$((15*1024))`, `${PPID}`, `$PPID`. */
  #expansion(): string {
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith('$((')) return this.#arithmetic(this.#bracketed());
    const name = /^\$\{(\w+)\}|^\$(\w+)/.exec(rest);
    if (name === null) throw new ShellError(`'${rest.split(/\s/, 1)[0]}' is not understood in commands`);
    this.#at += name[0].length;
    return own(this.#variables, name[1] ?? name[2] ?? '') ?? '';
  }

  /** What stands in `$(( ))`. */
  #bracketed(): string {
    const start = this.#at + '$(('.length;
    let depth = 2;
    for (let at = start; at < this.#text.length; at++) {
      if (this.#text[at] === '(') depth++;
      else if (this.#text[at] === ')') depth--;
      if (depth > 0) continue;
      this.#at = at + 1;
      return this.#text.slice(start, at - 1);
    }
    throw new ShellError('$(( does not end');
  }

  #arithmetic(text: string): string {
    const variables = this.#variables;
    const scope: Scope = {
      lookup: (name) => Number(own(variables, name) ?? 0),
      variables: new Map(),
      print: () => {},
    };
    evaluate(parseCode(`result = ${text}`, 'arithmetic', 0), scope);
    return format(scope.variables.get('result') ?? 0);
  }
}
