"""A tree-walking interpreter for checked programs: exact fractions, and limits on everything a program could spend.

Floats appear only where a root, a logarithm or a power is not rational. Every step is counted, the size of a number is
known before it is computed, and the clock is read often enough that no single step can pass the deadline by much.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from plugins.math.functions import CONSTANTS, LISTS, MAX_EXPONENT, NUMERIC, Number, power, settled, size, whole
from plugins.math.ratio import Ratio
from plugins.math.types import Answer, Limits, Program, ProgramError

#: What a name may hold while a program runs; a `Ratio` only where a closed form is worked out.
Value = Number | bool | Ratio | tuple["Number | bool | Ratio", ...]
DEFAULT = Limits()
_CLOCK_EVERY = 16


class _Return(Exception):
    def __init__(self, value: Value) -> None:
        self.value = value


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class Machine:
    """One run of one program."""

    def __init__(self, names: Mapping[str, Value], limits: Limits) -> None:
        self.names: dict[str, Value] = dict(names)
        self.limits = limits
        self.steps, self.cells, self.line = 0, 0, 0
        self.deadline = time.monotonic() + limits.seconds

    def step(self) -> None:
        """Counts a step. Raises `ProgramError` when steps or time are used up."""
        self.steps += 1
        if self.steps > self.limits.steps:
            raise ProgramError("too many steps", self.line)
        if self.steps % _CLOCK_EVERY == 0 and time.monotonic() > self.deadline:
            raise ProgramError("too slow", self.line)

    # statements

    def block(self, body: Iterable[ast.stmt]) -> None:
        """Runs statements in order."""
        for node in body:
            self.step()
            self.line = node.lineno
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        """Runs one statement."""
        match node:
            case ast.Assign(targets=targets, value=value):
                result = self.value(value)
                for target in targets:
                    self.assign(target, result)
            case ast.AugAssign(target=ast.Name(id=name), op=operator, value=value):
                self.names[name] = self.binary(operator, self.name(name), self.value(value), node)
            case ast.If(test=test, body=body, orelse=other):
                self.block(body if self.truth(self.value(test)) else other)
            case ast.While(test=test, body=body):
                while self.truth(self.value(test)):
                    self.step()
                    if not self.round(body):
                        break
            case ast.For(target=target, iter=source, body=body):
                for item in self.items(source):
                    self.step()
                    self.assign(target, item)
                    if not self.round(body):
                        break
            case ast.Return(value=ast.expr() as value):
                raise _Return(self.value(value))
            case ast.Break():
                raise _Break
            case ast.Continue():
                raise _Continue
            case ast.Expr(value):
                self.value(value)

    def round(self, body: list[ast.stmt]) -> bool:
        """One round of a loop; whether it goes on."""
        try:
            self.block(body)
        except _Break:
            return False
        except _Continue:
            pass
        return True

    def assign(self, target: ast.expr, value: Value) -> None:
        """Binds a name, or several to the items of a list."""
        if isinstance(target, ast.Name):
            self.names[target.id] = value
            return
        assert isinstance(target, ast.Tuple)
        if not isinstance(value, tuple) or len(value) != len(target.elts):
            raise ProgramError("the numbers do not fit the names", self.line)
        for name, item in zip(target.elts, value, strict=True):
            self.assign(name, item)

    def items(self, source: ast.expr) -> Iterable[Value]:
        """What a loop runs over; a range is not written out."""
        match source:
            case ast.Call(func=ast.Name(id="range"), args=arguments):
                return (Fraction(item) for item in self.range(arguments))
        value = self.value(source)
        if not isinstance(value, tuple):
            raise ProgramError("a loop needs a list", self.line)
        return value

    def range(self, arguments: Sequence[ast.expr]) -> range:
        """The whole numbers of a `range`."""
        if not 1 <= len(arguments) <= 3:
            raise ProgramError("range needs one to three numbers", self.line)
        bounds = [whole(self.number(argument), "range") for argument in arguments]
        if len(bounds) == 3 and bounds[2] == 0:
            raise ProgramError("range with a step of zero", self.line)
        return range(*bounds)

    # expressions

    def name(self, name: str) -> Value:
        """The value of a name."""
        if name in self.names:
            return self.names[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        raise ProgramError(f"{name!r} has no value yet", self.line)

    def number(self, node: ast.expr) -> Number:
        """The value of an expression that must be a number."""
        return self.plain(self.value(node))

    def plain(self, value: Value) -> Number:
        """A value as a number; truths are 0 and 1."""
        if isinstance(value, bool):
            return Fraction(value)
        if isinstance(value, Fraction | float):
            return value
        raise ProgramError("a number is needed" if isinstance(value, tuple) else "not a closed form", self.line)

    def truth(self, value: Value) -> bool:
        """Whether a value counts as true."""
        if isinstance(value, Ratio):
            raise ProgramError("not a closed form", self.line)
        return bool(value)

    def value(self, node: ast.expr) -> Value:
        """The value of an expression."""
        self.step()
        match node:
            case ast.Constant(value=bool() as constant):
                return constant
            case ast.Constant(value=constant):
                return settled(Fraction(repr(constant)), self.limits.bits)  # 0.1 is a tenth, not the float next to it
            case ast.Name(id=name):
                return self.name(name)
            case ast.BinOp(left=left, op=operator, right=right):
                return self.binary(operator, self.value(left), self.value(right), node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self.truth(self.value(operand))
            case ast.UnaryOp(op=operator, operand=operand):
                return self.binary(
                    ast.Sub() if isinstance(operator, ast.USub) else ast.Add(), Fraction(0), self.value(operand), None
                )
            case ast.BoolOp(op=operator, values=values):
                result: Value = False
                for part in values:
                    result = self.value(part)
                    if self.truth(result) == isinstance(operator, ast.Or):
                        break
                return result
            case ast.Compare(left=left, ops=operators, comparators=others):
                return self.compare(left, operators, others)
            case ast.IfExp(test=test, body=body, orelse=other):
                return self.value(body if self.truth(self.value(test)) else other)
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return self.listed([self.value(item) for item in elements])
            case ast.Subscript(value=value, slice=place):
                items, index = self.value(value), whole(self.number(place), "a place in a list")
                if not isinstance(items, tuple) or not -len(items) <= index < len(items):
                    raise ProgramError("there is nothing at that place", self.line)
                return items[index]
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self.call(name, arguments)
        raise ProgramError(f"{type(node).__name__} is not allowed", self.line)

    def listed(self, values: Sequence[Value]) -> tuple[Number | bool | Ratio, ...]:
        """A list of numbers, paid for in cells. Lists in lists are refused."""
        self.cells += len(values)
        if self.cells > self.limits.cells:
            raise ProgramError("too long a list", self.line)
        flat = []
        for value in values:
            if isinstance(value, tuple):
                raise ProgramError("a list in a list is not allowed", self.line)
            flat.append(value)
        return tuple(flat)

    def compare(self, left: ast.expr, operators: Sequence[ast.cmpop], others: Sequence[ast.expr]) -> bool:
        """A chain of comparisons of numbers."""
        first = self.number(left)
        for operator, other in zip(operators, others, strict=True):
            second = self.number(other)
            match operator:
                case ast.Eq():
                    holds = first == second
                case ast.NotEq():
                    holds = first != second
                case ast.Lt():
                    holds = first < second
                case ast.LtE():
                    holds = first <= second
                case ast.Gt():
                    holds = first > second
                case _:
                    holds = first >= second
            if not holds:
                return False
            first = second
        return True

    def binary(self, operator: ast.operator, left: Value, right: Value, node: ast.AST | None) -> Value:
        """One operation of two values; `node` is where it stands (None for a sign)."""
        if isinstance(left, tuple) and isinstance(right, tuple) and isinstance(operator, ast.Add):
            return self.listed([*left, *right])
        if isinstance(left, Ratio) or isinstance(right, Ratio):
            return self.ratio(operator, left, right)
        first, second = self.plain(left), self.plain(right)
        match operator:
            case ast.Add():
                result = first + second
            case ast.Sub():
                result = first - second
            case ast.Mult():
                if size(first) + size(second) > 2 * self.limits.bits + 2:
                    raise ProgramError("a number is too large", self.line)
                result = first * second
            case ast.Div():
                result = first / second
            case ast.FloorDiv():
                result = Fraction(first // second) if isinstance(first, Fraction) else first // second
            case ast.Mod():
                result = first % second
            case _:
                result = power(first, second, self.limits.bits)
        return settled(result, self.limits.bits)

    def ratio(self, operator: ast.operator, left: Value, right: Value) -> Ratio:
        """One operation of closed forms."""
        first = left if isinstance(left, Ratio) else Ratio.constant(self.exact(left))
        if isinstance(operator, ast.Pow):
            exponent = self.exact(right)
            if exponent.denominator != 1 or abs(exponent) > MAX_EXPONENT:
                raise ProgramError("not a closed form", self.line)
            return first.power(exponent.numerator)
        second = right if isinstance(right, Ratio) else Ratio.constant(self.exact(right))
        match operator:
            case ast.Add():
                return first.plus(second, 1)
            case ast.Sub():
                return first.plus(second, -1)
            case ast.Mult():
                return first.times(second)
            case ast.Div():
                return first.over(second)
        raise ProgramError("not a closed form", self.line)

    def exact(self, value: Value) -> Fraction:
        """A number in a closed form, which may not be a float."""
        number = self.plain(value)
        if isinstance(number, float):
            raise ProgramError("not a closed form", self.line)
        return number

    def call(self, name: str, arguments: Sequence[ast.expr]) -> Value:
        """A call of a function on the list."""
        if name == "range":
            numbers = self.range(arguments)
            if len(numbers) > self.limits.cells:
                raise ProgramError("too long a list", self.line)
            return self.listed([Fraction(number) for number in numbers])
        values = [self.value(argument) for argument in arguments]
        if name in LISTS:
            if len(values) == 1 and isinstance(values[0], tuple):
                return self.over_list(name, values[0])
            if len(values) < 2 or name not in ("max", "min"):
                raise ProgramError(f"{name} needs a list", self.line)
            return self.over_list(name, self.listed(values))
        match name, values:
            case "list" | "tuple", [tuple() as items]:
                return self.listed(items)
            case "sorted", [tuple() as items]:
                return self.listed(sorted(self.plain(item) for item in items))
            case "bool", [value]:
                return self.truth(value)
            case "pow", [base, exponent]:
                return self.binary(ast.Pow(), base, exponent, None)
            case "divmod", [above, below]:
                parts = [self.binary(operator, above, below, None) for operator in (ast.FloorDiv(), ast.Mod())]
                return self.listed(parts)
            case "float", [Ratio() as closed]:
                return closed
        if name not in NUMERIC or not NUMERIC[name][0] <= len(values) <= NUMERIC[name][1]:
            raise ProgramError(f"{name} of {len(values)} values", self.line)
        return settled(NUMERIC[name][2](*(self.plain(value) for value in values)), self.limits.bits)

    def over_list(self, name: str, items: Sequence[Value]) -> Value:
        """A function of a whole list; sums and products go step by step, so that they stay within the limits."""
        self.steps += len(items)
        if name in ("sum", "prod", "mean"):
            operator: ast.operator = ast.Mult() if name == "prod" else ast.Add()
            total: Value = Fraction(name == "prod")
            for item in items:
                self.step()
                total = self.binary(operator, total, item, None)
            return self.binary(ast.Div(), total, Fraction(len(items)), None) if name == "mean" else total
        return settled(LISTS[name]([self.plain(item) for item in items]), self.limits.bits)


def execute(machine: Machine, program: Program) -> Value:
    """The value a machine gets for a program. Raises `ProgramError` and nothing else."""
    try:
        machine.block(program.body)
        if not program.answer:
            raise ProgramError("the function ended without an answer")
        return machine.name(program.answer)
    except _Return as returned:
        return returned.value
    except ProgramError as error:
        raise error if error.line else ProgramError(error.reason, machine.line) from None
    except (_Break, _Continue):
        raise ProgramError("a loop is left outside of one", machine.line) from None
    except ZeroDivisionError:
        raise ProgramError("division by zero", machine.line) from None
    except OverflowError:
        raise ProgramError("a number is too large", machine.line) from None
    except (ValueError, TypeError):
        raise ProgramError("a function has no value there", machine.line) from None


def bindings(program: Program, assignment: Mapping[str, Value]) -> dict[str, Value]:
    """What a program's names hold when it starts. Raises `ProgramError` where a letter it needs has no value."""
    missing = program.variables - assignment.keys()
    if missing:
        raise ProgramError(f"{min(missing)} has no value")
    names = {letter: value for letter, value in assignment.items() if letter in program.letters}
    names |= {name: assignment[letter] for name, letter in program.parameters.items() if letter in assignment}
    return names


def run(program: Program, assignment: Mapping[str, Fraction], limits: Limits = DEFAULT) -> Answer:
    """What a program answers for these values of its letters: a finite number or a truth.

    Raises `ProgramError` with the reason for everything else, limits included.
    """
    machine = Machine(bindings(program, assignment), limits)
    result = execute(machine, program)
    if isinstance(result, bool):
        return result
    if isinstance(result, Ratio | tuple):
        raise ProgramError("the answer is not a number")
    return settled(result, limits.bits)
