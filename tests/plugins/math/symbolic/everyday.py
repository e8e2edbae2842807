"""Sentences with numbers that ask for something else, and word problems that tell a story: none is read directly."""

from __future__ import annotations

EVERYDAY = """
set a timer for 5 minutes
set a timer for twenty minutes and an alarm at 7
set an alarm for 6 30 am
wake me up at seven tomorrow
remind me on may 5
remind me to call mom in 2 hours
remind me 3 days before christmas
2 days before christmas
in 45 minutes
may 5
tomorrow at 8
the day after tomorrow
add 3 apples and 2 pears to my shopping list
add 2 liters of milk to my list
put twelve eggs on the shopping list
remove 3 items from my list
what is on my calendar on june 10
schedule a meeting from 3 to 5 pm on friday
am i free between 2 and 4
move my meeting from 3 to 4
cancel my 9 o'clock appointment
book a table for 4 at 7 pm
turn the lights to 50 percent
dim the bedroom lights by 20 percent
set brightness to 30%
increase the volume by 15 percent
decrease the temperature by 2 degrees
set the thermostat to 21 degrees
turn the heating up 3 degrees
turn on lights 1 and 2
what time is it in tokyo
what time is it in 3 hours
how long is the movie dune 2
how far is paris from london
how long does it take to drive 20 miles
how long until my timer goes off
how much time is left on my 10 minute timer
how many people live in berlin
how many calories are in 2 eggs
how old is the president
how old is barack obama
when was albert einstein born
what is the weather on may 5
will it rain in the next 3 days
is it 5 o'clock yet
is it going to be more than 30 degrees tomorrow
how much is 5 dollars in euros
what is the price of 3 apples
what is apple's stock price
play the top 40
play 3 songs by queen
play channel 5
call 555 1234
send 20 dollars to bob
text anna that i will be 10 minutes late
what is the score of game 7
who won world war 2
what happened on july 4 1776
what's the 10th amendment
read chapter 3
tell me 5 jokes
tell me a fact about the number 7
pick a number between 1 and 10
roll two dice
flip a coin 3 times
what are the odds of winning
is the number 7 bus running
what number is the bus to the airport
what is my phone number
what is the number of the police
what is the sum of my bills
what is the average temperature in may
what is the average salary
what is the difference between a crocodile and an alligator
what is the largest country
round trip to boston for 2
define mean
define factor
order 2 pizzas
order 3 large pepperoni pizzas
sort my emails
the top 3
number 2
the 3rd one
five
20 percent
ten minutes
half past 3
50 dollars
version 2.5
route 66
i am 25 years old
i have 2 kids
my birthday is on may 5 1990
next friday
from 3 to 5
between 2 and 4
2 to 4 pm
monday to friday
5 feet
3 hours 20 minutes
add 5 minutes
add 10 minutes to the timer
add 5 minutes to my timer
take 5
10 4
1 2 3
one two three testing
yes
no at eight
make it 10
""".strip().splitlines()

STORIES = """
Tom has 5 apples and buys 3 more. How many apples does he have?
at a restaurant each meal costs 5 dollars and kids eat free if 15 people came in and 8 were kids how much would it cost
A train travels 60 miles per hour for 3 hours and then 40 miles per hour for 2 hours. How far did it go?
Sara had 20 candies. She gave 25 percent of them to Ben. How many are left?
If 3 pens cost 6 dollars, how much do 5 pens cost?
A shirt costs 40 dollars and is 25% off. What is the sale price?
There are 4 boxes with 12 pencils each. How many pencils are there?
Anna is twice as old as Ben. The sum of their ages is 36. How old is Ben?
Mike read 15 pages on monday and 20 pages on tuesday. How many pages did he read in total?
The price rose from 50 to 65 dollars. Maria bought 3. How much did she pay?
a farmer has 3 fields with 20 cows each and sells 12 cows how many cows does he have
How many days will 30 apples last if 5 are eaten each day?
Jack ran 3 miles on monday and twice as far on friday. How far did he run in all?
how many weeks does it take to save 200 dollars at 25 dollars a week
In a class of 30 students 60 percent are girls. How many boys are there?
Two trains leave at 3 pm. One goes 60 mph, the other 70 mph. When are they 260 miles apart?
the number of apples is 3 more than the number of pears and there are 11 in total how many pears are there
""".strip().splitlines()
