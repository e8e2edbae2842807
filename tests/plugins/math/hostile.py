"""Programs nobody should run: escapes, bombs and nonsense, by kind. Letters A and B are given."""

from __future__ import annotations

from tests.plugins.math.bombs import BLOCKS, BOMBS

_ESCAPES = """
__import__('os').system('true')
__builtins__
__builtins__.open('x')
__name__
__file__
__doc__
__debug__
globals()
locals()
vars()
dir()
eval('1')
exec('1')
compile('1', 'x', 'eval')
open('/etc/passwd')
open('/etc/passwd').read()
input()
breakpoint()
help()
exit()
quit()
memoryview(1)
getattr(A, 'real')
setattr(A, 'x', 1)
delattr(A, 'x')
hasattr(A, 'x')
type(A)
type('X', (), {})
object()
super()
id(A)
hash(A)
repr(A)
str(A)
bytes(9)
bytearray(9)
chr(65)
ord('A')
hex(A)
format(A, '999999999d')
isinstance(A, int)
callable(abs)
iter([1])
next([1])
map(abs, [1])
filter(abs, [1])
zip([1], [2])
enumerate([1])
reversed([1])
any([1])
all([1])
set([1])
dict()
slice(1)
complex(1, 2)
staticmethod(abs)
property(abs)
A.__class__
A.__class__.__mro__
A.__class__.__base__.__subclasses__()
().__class__.__bases__[0].__subclasses__()
[].__class__
''.__class__
"".join([])
"x".format(A)
"{0.__class__}".format(A)
"%s" % A
"%999999999d" % A
f'{A}'
f'{A.__class__}'
f'{A!r}'
f'{A:>999999999}'
f"{__import__('os')}"
rf'{A}'
b'bytes'
b'' + b''
u'text'
'text'
'text' * 99999999
"a" + "b"
'a' 'b'
'\\N{DIGIT ONE}'
A.real
A.numerator
A.denominator
A.limit_denominator(10)
A.conjugate()
(1).bit_length()
(1).real
1..real
abs.__self__
abs.__call__(1)
math
math.sqrt
math.__loader__
math.sqrt.__self__
math.nan
math.inf
np.load('x')
np.fromfile('x')
np.ndarray(99999999)
np.zeros(99999999)
np.ones(10)
numpy.random.rand()
os.system('true')
sys.exit()
subprocess.run(['true'])
sympy.solve(A)
lambda: 1
(lambda: 1)()
(lambda f: f(f))(lambda f: f(f))
lambda x=__import__('os'): x
yield A
(yield)
(yield from [])
await A
(A := 5)
[A := 5]
print(A := 5)
[x for x in range(9)]
[x for x in range(9) for y in range(9) for z in range(9)]
{x for x in range(9)}
{x: x for x in range(9)}
(x for x in range(9))
sum(x for x in range(9))
sum([x for x in range(99999999)])
{1, 2}
{1: 2}
{}
{**{}}
[*range(9)]
(*range(9),)
*A, B
max(*[1, 2])
max(**{})
round(number=1)
sum([1], start=5)
abs(x=1)
print(A, file=B)
print(A, flush=True)
print(__import__('os'))
print(open('x'))
print(eval('1'))
print(f'{A.__class__}', A.__class__)
print(*[1])
print("{}".format.__self__)
print(lambda: 1)
...
Ellipsis
None
NotImplemented
1j
A + 1j
0x10
0b1
0o7
0x1for x in A
1if A else 2
1_0_
1__0
007
1e999
1e400
1.e
.
A @ B
A & B
A | B
A << B
1 << 99999999999
A >> B
~A
A is B
A is not None
A in [1]
A not in [1]
A <> B
A = B
A, B = B, A
A[0]
A[0:1]
[1, 2][0:1]
[1, 2][::]
[1, 2][0, 1]
[1][0] = 5
A.x = 5
x.y = 5
[x] = [5]
*x, y = [1, 2]
x: int
x: __import__('os') = 5; del x
del A
global A
nonlocal A
pass
break
continue
return A
raise A
raise
assert A
assert A, __import__('os')
import os
import os as math
import sys, os
import math, os
import math as os
import numpy.ctypeslib
import numpy as math
from os import system
from os import *
from math import *
from math import sqrt as print
from . import x
from .math import sqrt
from math import __loader__
from numpy import load
from fractions import Decimal
from __future__ import annotations
import __main__
import builtins
import importlib
import ctypes
with open('x') as f: pass
async def f(): pass
async for x in A: pass
try: A
class X: pass
class X(metaclass=type): pass
@abs
A; B; import os
match A: case 1: pass
while True: pass
for x in A: pass
for x in 'text': pass
for A.x in [1]: pass
for x in iter(abs, 1): ans = x
if True: import os
A if B
A B
A +
+
* A
)
(
(]
A ! B
A ? B : 1
A ` B
`A`
# only a comment
''
'''not closed
'not closed
"not closed
$
$$$
\\
A \\ B
hello world
the answer is forty two
Answer =
Answer = Answer
= 5
== 5
A == = B
SELECT * FROM users
<script>alert(1)</script>
rm -rf /
{"answer": 5}
print
print()
print = 5
abs
abs + 1
range(5)
range
[1, 2]
(1, 2)
[]
[[1]]
[[[[]]]]
max()
max([])
min(abs)
sum(A)
sum(5, 5)
len(5)
len('text')
len([[1]])
sqrt()
sqrt(-1)
sqrt(1, 2)
(-8) ** (1/3)
0 ** -1
1 / 0
1 // 0
1 % 0
1.0 / 0.0
A / (B - B)
divmod(1, 0)
log(-1)
log(0)
log(1, 1)
exp(99999)
factorial(-1)
factorial(1.5)
factorial(99999999)
comb(99999, 50000)
perm(99999, 50000)
gcd(1.5, 2)
lcm(0.1)
round(1.5, 99999)
round(1.5, 0.5)
pow(2, 3, 5)
pow(9, 9 ** 9)
pow(10 ** 300, 10 ** 300)
9 ** 9 ** 9
9 ** 9 ** 9 ** 9
-9 ** 9 ** 9
(9 ** 9) ** 9 ** 9
2 ** 2 ** 2 ** 2 ** 2 ** 2
10 ** 100000
10 ** -100000000
0.5 ** 9 ** 9 ** 9
(1/3) ** -9 ** 9
2.0 ** 99999
1e300 * 1e300 * 1e300
sum(range(10 ** 10))
list(range(10 ** 8))
[0] * 10 ** 9
max(range(10 ** 9))
sorted(range(10 ** 9))
range(10 ** 9)[5]
range(1, 2, 0)[0]
[1, 2][5]
[1, 2][0.5]
[1, 2][A - A + 99]
""".strip().splitlines()

PROGRAMS: list[str] = [*_ESCAPES, *BLOCKS, *BOMBS]
