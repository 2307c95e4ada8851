// Label selectors as the API server reads them: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas.

/** @throws Error where it is no selector. */
export function matchesLabels(selector: string, labels: Readonly<Record<string, string>>): boolean {
  // Commas within parentheses separate values.
  const requirements = selector === '' ? [] : selector.split(/,(?![^(]*\))/)
  return requirements.every((requirement) => matches(requirement.trim(), labels))
}

const KEY = '([A-Za-z0-9][A-Za-z0-9._/-]*)'
const SET = new RegExp(`^${KEY} +(in|notin) +\\(([^()]*)\\)$`)
const EQUALITY = new RegExp(`^${KEY} *(==|=|!=) *([A-Za-z0-9._-]*)$`)
const EXISTENCE = new RegExp(`^(!?)${KEY}$`)

function matches(requirement: string, labels: Readonly<Record<string, string>>): boolean {
  const set = SET.exec(requirement)
  if (set !== null) {
    const [, key = '', operator, values = ''] = set
    const isIn = Object.hasOwn(labels, key) && values.split(',').includes(labels[key] ?? '')
    return operator === 'in' ? isIn : !isIn
  }
  const equality = EQUALITY.exec(requirement)
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality
    const isEqual = Object.hasOwn(labels, key) && labels[key] === value
    return operator === '!=' ? !isEqual : isEqual
  }
  const existence = EXISTENCE.exec(requirement)
  if (existence === null) throw new Error(`no label selector: ${requirement}`)
  const [, not, key = ''] = existence
  return Object.hasOwn(labels, key) === (not === '')
}
