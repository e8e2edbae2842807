"""Primes and divisors of whole numbers up to 10^18: tests, factors, sieve."""

from __future__ import annotations

import math
from functools import lru_cache

#: Numbers above this are not factorised.
MAX_NUMBER = 10**18
#: The sieve's bound.
MAX_SIEVE = 1_000_000
_WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


def is_prime(number: int) -> bool:
    """Whether a number is prime: Miller-Rabin with the twelve smallest primes as bases, exact below 3.3 * 10^24."""
    if number < 2:
        return False
    for prime in _WITNESSES:
        if number % prime == 0:
            return number == prime
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in _WITNESSES:
        power = pow(base, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def factors(number: int) -> dict[int, int]:
    """The prime factors with their exponents, in rising order, of a number from 1 to `MAX_NUMBER`.

    Trial division up to 1000, then Pollard's rho: at most some ten thousand steps for each factor.
    """
    found: dict[int, int] = {}
    for prime in range(2, 1000):
        while number % prime == 0:
            found[prime] = found.get(prime, 0) + 1
            number //= prime
    open_ = [number] if number > 1 else []
    while open_:
        part = open_.pop()
        if is_prime(part):
            found[part] = found.get(part, 0) + 1
        else:
            divisor = _rho(part)
            open_ += [divisor, part // divisor]
    return dict(sorted(found.items()))


def _rho(number: int) -> int:
    """A proper divisor of a composite number without small factors (Floyd's cycle, next constant on failure)."""
    root = math.isqrt(number)
    if root * root == number:
        return root
    for constant in range(1, 100):
        slow = fast = 2
        divisor = 1
        while divisor == 1:
            slow = (slow * slow + constant) % number
            fast = (fast * fast + constant) % number
            fast = (fast * fast + constant) % number
            divisor = math.gcd(slow - fast, number)
        if divisor != number:
            return divisor
    raise ArithmeticError(f"no divisor of {number} was found")


def divisors(number: int) -> list[int]:
    """All divisors in rising order of a number from 1 to `MAX_NUMBER`."""
    found = [1]
    for prime, exponent in factors(number).items():
        found = [have * prime**count for have in found for count in range(exponent + 1)]
    return sorted(found)


@lru_cache(maxsize=1)
def sieve() -> list[int]:
    """All primes below `MAX_SIEVE`."""
    flags = bytearray([1]) * MAX_SIEVE
    flags[:2] = b"\0\0"
    for number in range(2, math.isqrt(MAX_SIEVE) + 1):
        if flags[number]:
            flags[number * number :: number] = bytes(len(range(number * number, MAX_SIEVE, number)))
    return [number for number, flag in enumerate(flags) if flag]
