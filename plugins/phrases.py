"""Intents in plain words, to follow "you want to ...". Names are SLURP's where SLURP has the intent."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_TABLE = """
alarm_query: hear which alarms are set
alarm_remove: remove an alarm
alarm_set: set an alarm
audio_volume_down: turn the volume down
audio_volume_mute: mute the sound
audio_volume_other: change the sound settings
audio_volume_up: turn the volume up
calendar_query: hear what is in your calendar
calendar_remove: remove something from your calendar
calendar_set: put something in your calendar
capabilities: hear what I can do
cooking_query: hear something about cooking
cooking_recipe: get a recipe
datetime_convert: convert a time to another time zone
datetime_query: know the time or the date
email_addcontact: add a contact
email_query: check your email
email_querycontact: look up a contact
email_sendemail: send an email
general_affirm: say yes
general_commandstop: stop
general_dontcare: leave the choice to me
general_goodbye: say goodbye
general_greet: say hello
general_joke: hear a joke
general_negate: say no
general_praise: praise me
general_quirky: chat
general_repeat: hear that again
iot_cleaning: start the vacuum cleaner
iot_coffee: make coffee
iot_hue_lightchange: change the lights
iot_hue_lightdim: dim the lights
iot_hue_lightoff: turn the lights off
iot_hue_lighton: turn the lights on
iot_hue_lightup: make the lights brighter
iot_wemo_off: turn a plug off
iot_wemo_on: turn a plug on
lists_createoradd: add something to a list
lists_query: hear what is on a list
lists_remove: remove something from a list
music_dislikeness: say that you do not like a song
music_likeness: say that you like a song
music_query: know something about the music
music_settings: change the music settings
news_query: hear the news
play_audiobook: listen to an audiobook
play_game: play a game
play_music: listen to music
play_podcasts: listen to a podcast
play_radio: listen to the radio
qa_currency: know an exchange rate
qa_definition: know what a word means
qa_factoid: have a question of fact answered
qa_maths: have something calculated
qa_stock: know a stock price
recommendation_events: find an event
recommendation_locations: find a place nearby
recommendation_movies: find a movie
reminder_set: be reminded of something
reminder_query: hear which reminders are set
reminder_cancel: cancel a reminder
settings_name: tell me your name
settings_query: hear your settings
settings_quiet: set quiet hours
settings_setup: change your settings
settings_timezone: set your time zone
settings_units: choose the units of measurement
social_post: post something
social_query: see what is new on social media
stop: stop
takeaway_order: order food
takeaway_query: ask about a food order
timer_cancel: cancel a timer
timer_query: hear how long a timer still has
timer_set: set a timer
transport_query: get directions or travel times
transport_taxi: order a taxi
transport_ticket: book a ticket
transport_traffic: hear about the traffic
unit_convert: convert units
weather_query: hear the weather forecast
"""
PHRASES: Mapping[str, str] = MappingProxyType(
    {name: words for name, _, words in (line.partition(": ") for line in _TABLE.strip().splitlines())}
)


def phrase(intent: str) -> str:
    """What a user wants who has this intent; made from the name where the table does not know it."""
    words = " ".join("".join(letter if letter.isalnum() else " " for letter in intent[:60]).split())
    return PHRASES.get(intent) or f"use \u201c{words or 'something unknown'}\u201d"
