#!/usr/bin/env pwsh
# /// roundsman
# about = "tells how long the certificates in a folder are still valid"
# schedule = "0 6 * * *"
# dry_run = true
#
# [params.folder]
# type = "path"
# default = "/etc/ssl/private"
# help = "where the .crt files are"
#
# [params.warn_days]
# type = "integer"
# default = 30
# help = "fewer days than these count as failed"
# ///
$ErrorActionPreference = 'Stop'

$request = [Console]::In.ReadToEnd() | ConvertFrom-Json
$files = @(Get-ChildItem -Path $request.with.folder -Filter *.crt)
$bad = 0
$number = 0
foreach ($file in $files) {
    $number++
    $certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($file.FullName)
    $days = [math]::Floor(($certificate.NotAfter - (Get-Date)).TotalDays)
    Write-Output "$($file.Name): $days days"
    Write-Output "::progress $number/$($files.Count) $($file.Name)"
    if ($days -lt $request.with.warn_days) { $bad++ }
}

$outcome = @{
    status  = if ($bad -gt 0) { 'partial' } else { 'success' }
    summary = "$bad of $($files.Count) certificates end within $($request.with.warn_days) days"
    counts  = @{ processed = $files.Count; ok = $files.Count - $bad; failed = $bad }
}
Write-Output "::outcome $($outcome | ConvertTo-Json -Compress)"
