# Wat de meldingen per e-mail zeggen. Waarden: count en n (hetzelfde, zoals getoond), day.

notice-subject = Ongelezen post in de e-Box van uw onderneming
notice-hello = Goedendag,
notice-box = Dit is nog niet gelezen in de e-Box van
notice-new = { $count ->
    [one] { $n } nieuw bericht
   *[other] { $n } nieuwe berichten
}
notice-reminders = { $count ->
    [one] { $n } bericht dat al 15 dagen wacht
   *[other] { $n } berichten die al 15 dagen wachten
}
notice-expiring = { $count ->
    [one] { $n } bericht dat binnen 7 dagen uit de box verdwijnt
   *[other] { $n } berichten die binnen 7 dagen uit de box verdwijnen
}
notice-first-expiry = Het eerste verdwijnt op { $day } uit de box; daarna kan het niet meer gelezen worden.
notice-where = U kunt het hier lezen, nadat u zich hebt aangemeld:
notice-open = De e-Box openen
notice-silent = Voor uw veiligheid noemt deze e-mail noch de afzender, noch de inhoud.
notice-why = U krijgt deze e-mail omdat een toegangsbeheerder van de e-Box dit adres heeft opgegeven.
notice-stop = Wilt u er geen meer krijgen, open dan deze pagina:
notice-stop-link = Geen meldingen meer krijgen
