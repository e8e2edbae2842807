"""Cities, regions and everyday zone names that the time-zone database does not name itself, by zone."""

from __future__ import annotations

_TABLE = """
Africa/Cairo | alexandria giza
Africa/Casablanca | rabat marrakesh marrakech fez
Africa/Johannesburg | cape_town pretoria durban soweto
Africa/Lagos | abuja kano
Africa/Nairobi | mombasa
America/Anchorage | alaska juneau
America/Bogota | medellin cali cartagena
America/Chicago | austin dallas houston san_antonio fort_worth new_orleans memphis nashville milwaukee
  minneapolis saint_paul st_paul kansas_city st_louis saint_louis oklahoma_city tulsa omaha des_moines madison
  little_rock baton_rouge birmingham_alabama huntsville mobile_alabama texas illinois wisconsin minnesota iowa
  missouri arkansas louisiana mississippi alabama oklahoma kansas nebraska north_dakota south_dakota tennessee
  central central_time central_standard_time central_daylight_time cst cdt us_central midwest
America/Denver | salt_lake_city albuquerque colorado_springs boulder santa_fe colorado utah wyoming montana
  new_mexico el_paso mountain mountain_time mountain_standard_time mountain_daylight_time mst mdt
America/Boise | idaho
America/Edmonton | calgary alberta
America/Halifax | nova_scotia atlantic atlantic_time atlantic_standard_time ast adt
America/Los_Angeles | la l.a. los_angels san_francisco sf san_diego seattle portland las_vegas vegas sacramento
  san_jose oakland silicon_valley hollywood california washington_state oregon nevada west_coast pacific
  pacific_time pacific_standard_time pacific_daylight_time pst pdt
America/Mexico_City | guadalajara puebla mexico
America/New_York | nyc new_york_city manhattan brooklyn boston washington washington_dc washington_d.c. dc
  philadelphia philly miami orlando tampa jacksonville atlanta charlotte raleigh pittsburgh cleveland columbus
  cincinnati baltimore buffalo richmond hartford newark charleston savannah new_york_state florida georgia_usa
  north_carolina south_carolina virginia west_virginia maryland delaware new_jersey pennsylvania connecticut
  rhode_island massachusetts vermont new_hampshire maine ohio east_coast eastern eastern_time
  eastern_standard_time eastern_daylight_time est edt us_east the_us us usa america united_states
  united_states_of_america
America/Detroit | michigan
America/Indiana/Indianapolis | indiana
America/Kentucky/Louisville | kentucky
America/Phoenix | arizona tucson
America/Sao_Paulo | rio rio_de_janeiro brasilia sao_paolo belo_horizonte brazil
America/Argentina/Buenos_Aires | argentina cordoba_argentina
America/Toronto | ottawa montreal quebec ontario canada
America/Vancouver | british_columbia victoria_bc
America/Winnipeg | manitoba
America/Regina | saskatchewan
America/St_Johns | newfoundland
America/Santiago | chile
America/Guayaquil | quito ecuador
America/Havana | cuba
Asia/Dubai | abu_dhabi uae emirates united_arab_emirates gst
Asia/Ho_Chi_Minh | hanoi saigon ho_chi_minh_city
Asia/Hong_Kong | hongkong hkt
Asia/Jakarta | indonesia bandung
Asia/Makassar | bali denpasar
Asia/Jerusalem | tel_aviv haifa israel
Asia/Karachi | islamabad lahore pkt
Asia/Kathmandu | nepal
Asia/Kolkata | calcutta india delhi new_delhi mumbai bombay bangalore bengaluru chennai madras hyderabad pune
  ahmedabad jaipur goa ist indian_standard_time
Asia/Kuala_Lumpur | malaysia
Asia/Manila | cebu philippines
Asia/Qatar | doha
Asia/Riyadh | mecca medina jeddah saudi_arabia
Asia/Seoul | busan korea south_korea kst
Asia/Pyongyang | north_korea
Asia/Shanghai | beijing peking guangzhou shenzhen wuhan chengdu china china_standard_time
Asia/Tokyo | osaka kyoto yokohama nagoya sapporo hiroshima okinawa fukuoka jst japan_standard_time
Asia/Tbilisi | georgia
Asia/Almaty | astana kazakhstan
Asia/Tashkent | uzbekistan
Asia/Ulaanbaatar | mongolia
Asia/Yangon | burma myanmar rangoon
Asia/Damascus | syria
Asia/Tehran | iran
Asia/Vientiane | laos
Asia/Taipei | taiwan
Atlantic/Reykjavik | iceland
Atlantic/Canary | canary_islands tenerife gran_canaria
Australia/Sydney | canberra new_south_wales australia aest aedt
Australia/Melbourne | victoria
Australia/Brisbane | gold_coast cairns queensland
Australia/Perth | western_australia awst
Australia/Adelaide | south_australia acst
Australia/Darwin | northern_territory
Australia/Hobart | tasmania
Europe/Amsterdam | rotterdam the_hague holland netherlands
Europe/Athens | thessaloniki crete
Europe/Berlin | munich hamburg frankfurt cologne stuttgart dusseldorf dresden leipzig bremen hanover nuremberg
  cet cest central_european_time central_european_standard_time central_european_summer_time
Europe/Brussels | antwerp bruges ghent
Europe/Dublin | cork galway ireland
Europe/Istanbul | ankara izmir constantinople turkey turkiye
Europe/Kyiv | kiev lviv odessa ukraine
Europe/Lisbon | porto portugal
Europe/London | england scotland wales britain great_britain uk u.k. united_kingdom edinburgh glasgow cardiff
  manchester birmingham liverpool leeds bristol oxford cambridge belfast northern_ireland british_time
  british_summer_time bst
Europe/Madrid | barcelona seville valencia malaga bilbao ibiza spain
Europe/Moscow | st_petersburg saint_petersburg russia msk
Europe/Oslo | bergen
Europe/Paris | lyon marseille nice toulouse bordeaux strasbourg
Europe/Prague | czech_republic czechia brno
Europe/Rome | milan naples florence venice turin sicily
Europe/Stockholm | gothenburg malmo
Europe/Vienna | salzburg graz innsbruck
Europe/Warsaw | krakow gdansk wroclaw
Europe/Zurich | geneva basel bern lausanne
Europe/Helsinki | eet eest
Europe/Sarajevo | bosnia
Europe/Vatican | vatican
Europe/Chisinau | moldova
Pacific/Auckland | wellington christchurch queenstown new_zealand nzst nzdt
Pacific/Honolulu | hawaii maui hst
Pacific/Port_Moresby | papua_new_guinea
Pacific/Tahiti | french_polynesia
Africa/Kinshasa | congo drc
Africa/Abidjan | ivory_coast
Africa/Addis_Ababa | ethiopia
Africa/Dar_es_Salaam | tanzania zanzibar
UTC | utc gmt g.m.t. zulu greenwich greenwich_mean_time coordinated_universal_time universal_time
"""


def cities() -> dict[str, str]:
    """Name in lower case, words separated by blanks -> zone name."""
    found = {}
    for line in _TABLE.strip().replace("\n  ", " ").splitlines():
        zone, _, names = line.partition(" | ")
        for name in names.split():
            found[name.replace("_", " ").replace(".", "")] = zone
    return found
